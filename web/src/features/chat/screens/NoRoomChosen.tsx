import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function NoRoomChosen() {
  const { t } = useTranslation("chat");
  return <PageHeader title={t("title")} large />;
}
