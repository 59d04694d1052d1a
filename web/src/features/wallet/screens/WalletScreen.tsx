import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { AsidePane, ErrorState, ListSkeleton, PageHeader, SplitView } from "@/design";
import { InvitedList } from "@/features/invitations";
import { useShowsDetail } from "@/lib/pane";
import { ActivityList } from "../ActivityList";
import { BalancePanel } from "../BalancePanel";
import { useWallet } from "../queries";
import { RecoveryNotice } from "../RecoveryNotice";
import { Safety } from "../Safety";

/** Balance first, then what happened. */
export function WalletScreen() {
  const { t } = useTranslation("wallet");
  const wallet = useWallet();
  const list = (
    <>
      <PageHeader title={t("title")} large />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {wallet.isPending ? (
          <ListSkeleton rows={3} />
        ) : wallet.isError ? (
          <ErrorState error={wallet.error} onRetry={() => void wallet.refetch()} />
        ) : (
          <>
            <div className="flex flex-col gap-2 px-5 pb-3 empty:hidden">
              <RecoveryNotice />
            </div>
            <BalancePanel wallet={wallet.data} />
            <div className="wide:hidden">
              <Safety wallet={wallet.data} />
            </div>
            <InvitedList />
            <ActivityList />
          </>
        )}
      </div>
    </>
  );
  return (
    <div className="flex h-full min-w-0">
      <div className="min-w-0 flex-1">
        <SplitView showsDetail={useShowsDetail()} list={list}>
          <Outlet />
        </SplitView>
      </div>
      {wallet.data !== undefined && (
        <AsidePane label={t("safety.title")}>
          <div className="pt-3">
            <Safety wallet={wallet.data} />
          </div>
        </AsidePane>
      )}
    </div>
  );
}
