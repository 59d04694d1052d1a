import { useTranslation } from "react-i18next";
import { useLink, usePresence, useReconnecting } from "@/features/realtime";
import { ago } from "@/lib/dates";
import { useNow } from "@/lib/use-now";
import { useFriend } from "../friend";

const CLOCK_MS = 30_000;

/** “Online”, “last seen 5 minutes ago”, “connecting”, or nothing where it is not for me to know. */
export function PresenceText({ userId }: { userId: string }) {
  const { t, i18n } = useTranslation(["chat", "common"]);
  const pushed = usePresence(userId);
  const friend = useFriend(userId);
  const live = useLink().kind === "live";
  const reconnecting = useReconnecting();
  const now = useNow(CLOCK_MS);
  if (reconnecting) return `${t("connecting")}…`;
  if (friend === null || !live) return null;
  if (pushed?.online ?? friend.online) {
    return <span className="text-accent-text">{t("common:presence.online")}</span>;
  }
  const seenAt = pushed?.last_seen_at ?? friend.last_seen_at;
  return seenAt === null ? null : t("room.last_seen", { when: ago(i18n.language, seenAt, now) });
}
