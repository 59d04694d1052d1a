import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function NoActivityChosen() {
  const { t } = useTranslation("wallet");
  return <PageHeader title={t("title")} large />;
}
