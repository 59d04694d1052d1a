import { MessageCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/design";

/** What stands beside the list until a room is chosen. */
export function NoRoomChosen() {
  const { t } = useTranslation("chat");
  return (
    <EmptyState
      icon={<MessageCircle size={28} />}
      title={t("list.choose_title")}
      body={t("list.choose_body")}
    />
  );
}
