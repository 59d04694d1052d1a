import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function NoFriendChosen() {
  const { t } = useTranslation("friends");
  return <PageHeader title={t("title")} large />;
}
