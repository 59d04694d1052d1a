import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function PersonScreen() {
  const { t } = useTranslation("friends");
  return <PageHeader title={t("title")} large />;
}
