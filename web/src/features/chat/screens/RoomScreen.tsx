import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function RoomScreen() {
  const { t } = useTranslation("chat");
  return <PageHeader title={t("title")} large />;
}
