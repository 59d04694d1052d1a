/** The frame around every signed-in screen: four places, banners, toasts, the pay sheet. */
import { Outlet } from "@tanstack/react-router";
import { WifiOff } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import { realtime, watchPage } from "@/features/realtime";
import { AskHost } from "@/features/requests";
import { PayHost } from "@/features/transfers";
import { Banner } from "@/design";
import { useOnline } from "@/lib/online";
import { useShowsDetail } from "@/lib/pane";
import { listenToEvents } from "./listen";
import { Navigation } from "./Navigation";
import { fillRooms } from "./room-parts";

fillRooms();

export function Shell() {
  const { t } = useTranslation();
  const online = useOnline();
  const inDetail = useShowsDetail();
  const { id } = useMe();
  useEffect(() => {
    const silence = listenToEvents();
    const unwatch = watchPage();
    realtime.start(id);
    return () => {
      realtime.stop();
      unwatch();
      silence();
    };
  }, [id]);
  return (
    <div className="flex h-dvh flex-col split:flex-row">
      <Navigation hiddenOnPhone={inDetail} />
      <div className="order-first flex min-h-0 min-w-0 flex-1 flex-col split:order-none">
        {!online && (
          <div className="shrink-0 px-3 pt-2">
            <Banner tone="warning" role="status" icon={<WifiOff size={18} />}>
              {t("offline")}
            </Banner>
          </div>
        )}
        <main className="min-h-0 flex-1">
          <Outlet />
        </main>
      </div>
      <PayHost />
      <AskHost />
    </div>
  );
}
