import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function AppearanceScreen() {
  const { t } = useTranslation("more");
  return <PageHeader title={t("title")} large />;
}
