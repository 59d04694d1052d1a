import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { CircleEllipsis, MessageCircle, UsersRound, Wallet } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useUnreadTotal } from "@/features/chat";
import { useOpenRequestCount } from "@/features/friends";
import { CountBadge } from "@/design";

const PLACES = [
  { to: "/friends", label: "nav.friends", Icon: UsersRound },
  { to: "/chats", label: "nav.chats", Icon: MessageCircle },
  { to: "/wallet", label: "nav.wallet", Icon: Wallet },
  { to: "/more", label: "nav.more", Icon: CircleEllipsis },
] as const;

/** The four places: a bar at the thumb on a phone, a rail on the left from 900 px. */
export function Navigation({ hiddenOnPhone }: { hiddenOnPhone: boolean }) {
  const { t } = useTranslation();
  const counts: Partial<Record<(typeof PLACES)[number]["to"], number>> = {
    "/friends": useOpenRequestCount(),
    "/chats": useUnreadTotal(),
  };
  return (
    <nav
      aria-label={t("nav.label")}
      className={clsx(
        "shrink-0 border-line bg-surface pb-safe split:block split:w-20 split:border-r split:pt-3",
        hiddenOnPhone ? "hidden" : "block max-split:border-t",
      )}
    >
      <ul className="flex h-(--tt-tabbar) split:h-auto split:flex-col split:gap-1">
        {PLACES.map(({ to, label, Icon }) => (
          <li key={to} className="flex flex-1 split:flex-none split:px-2">
            <Link
              to={to}
              activeOptions={{ exact: false }}
              className="group flex flex-1 flex-col items-center justify-center gap-1 -outline-offset-2 split:h-16 split:rounded-card split:hover:bg-hover/60"
            >
              {({ isActive }) => (
                <>
                  <span
                    className={clsx(
                      "relative transition-colors duration-100",
                      isActive ? "text-accent-text" : "text-text-3 group-hover:text-text-2",
                    )}
                  >
                    <Icon size={24} strokeWidth={isActive ? 2.4 : 1.9} aria-hidden="true" />
                    {(counts[to] ?? 0) > 0 && (
                      <span className="absolute -top-2 left-3.5 rounded-full ring-2 ring-surface">
                        <CountBadge count={counts[to] ?? 0} />
                      </span>
                    )}
                  </span>
                  <span
                    className={clsx(
                      "text-micro",
                      isActive ? "font-bold text-accent-text" : "font-medium text-text-3",
                    )}
                  >
                    {t(label)}
                  </span>
                </>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
