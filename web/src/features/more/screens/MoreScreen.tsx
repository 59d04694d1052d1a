import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Ban, CalendarClock, Code, Info, LogOut, MonitorSmartphone, Palette } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, ListRow, PageHeader, RowContent, rowClass, SplitView } from "@/design";
import { useMe } from "@/features/identity";
import { formatPhone } from "@/lib/phone";
import { useShowsDetail } from "@/lib/pane";
import { SignOutDialog } from "../parts/SignOutDialog";

const PLACES = [
  { to: "/more/schedules", text: "schedules", Icon: CalendarClock },
  { to: "/more/devices", text: "devices", Icon: MonitorSmartphone },
  { to: "/more/appearance", text: "appearance", Icon: Palette },
  { to: "/more/blocked", text: "blocked", Icon: Ban },
  { to: "/more/developers", text: "developers", Icon: Code },
  { to: "/more/about", text: "about", Icon: Info },
] as const;

/** My profile and the settings. */
export function MoreScreen() {
  const { t } = useTranslation("more");
  const me = useMe();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [leaving, setLeaving] = useState(false);
  return (
    <SplitView
      showsDetail={useShowsDetail()}
      list={
        <>
          <PageHeader title={t("title")} large />
          <div className="min-h-0 flex-1 overflow-y-auto pb-4">
            <Link
              to="/more/profile"
              className={rowClass({ selected: path === "/more/profile" })}
            >
              <RowContent
                leading={<Avatar id={me.id} name={me.name} picture={me.picture_url} size={52} />}
                title={me.name}
                subtitle={<span className="figures">{formatPhone(me.phone)}</span>}
                leads
              />
            </Link>
            <div className="mx-5 my-2 border-t border-line" />
            <ul>
              {PLACES.map(({ to, text, Icon }) => (
                <li key={to}>
                  <Link to={to} className={rowClass({ selected: path === to })}>
                    <RowContent
                      leading={
                        <span className="flex size-11 items-center justify-center rounded-[36%] bg-sunken text-text-2">
                          <Icon size={22} aria-hidden="true" />
                        </span>
                      }
                      title={t(`${text}.title`)}
                      subtitle={t(`${text}.row`)}
                      leads
                    />
                  </Link>
                </li>
              ))}
              <ListRow
                leading={
                  <span className="flex size-11 items-center justify-center rounded-[36%] bg-danger-soft text-danger">
                    <LogOut size={22} aria-hidden="true" />
                  </span>
                }
                title={t("sign_out.title")}
                danger
                onPress={() => setLeaving(true)}
              />
            </ul>
          </div>
          <SignOutDialog open={leaving} onClose={() => setLeaving(false)} />
        </>
      }
    >
      <Outlet />
    </SplitView>
  );
}
