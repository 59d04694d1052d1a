import { useTranslation } from "react-i18next";
import { ago } from "@/lib/dates";
import { useNow } from "@/lib/use-now";

/** “온라인”, or when a friend was last seen; renewed each minute. */
export function StatusText({ online, seenAt }: { online: boolean; seenAt: string | null }) {
  const { t, i18n } = useTranslation("friends");
  const now = useNow(60_000);
  if (online) return <span className="text-accent-text">{t("status.online")}</span>;
  if (seenAt === null) return t("status.unknown");
  return t("status.seen", { ago: ago(i18n.language, seenAt, now) });
}
