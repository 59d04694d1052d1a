import { UserRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/design";

export function NoFriendChosen() {
  const { t } = useTranslation("friends");
  return <EmptyState icon={<UserRound size={28} />} title={t("choose.title")} body={t("choose.body")} />;
}
