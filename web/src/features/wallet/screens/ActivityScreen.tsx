import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { EmptyState, ErrorState, PageHeader, Spinner } from "@/design";
import { Fact, Facts, HashFact, TransferDetail, useTransfer } from "@/features/transfers";
import { formatAmount } from "@/lib/amount";
import { dateTime } from "@/lib/dates";
import { isProblem } from "@/lib/problem";
import type { Activity } from "@/lib/wire";
import { nameOf } from "../ActivityList";
import { useOneActivity, useWallet } from "../queries";

/** One movement, with all that is known of it. */
export function ActivityScreen() {
  const { t } = useTranslation("wallet");
  const { id } = useParams({ from: "/app/wallet/activity/$id" });
  const navigate = useNavigate();
  const activity = useOneActivity(id);
  const entry = activity.data;
  const mine = entry !== undefined && !entry.incoming ? entry.transfer_id : null;
  const { data: transfer } = useTransfer(mine);
  return (
    <>
      <PageHeader
        title={t("activity.one")}
        onBack={() => void navigate({ to: "/wallet" })}
        backOnPhoneOnly
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto w-full max-w-120 px-5 py-4">
          {activity.isPending ? (
            <Spinner className="min-h-60" />
          ) : isProblem(activity.error, "not_found") ? (
            <EmptyState title={t("activity.missing")} body={t("activity.missing_body")} />
          ) : activity.isError ? (
            <ErrorState error={activity.error} onRetry={() => void activity.refetch()} />
          ) : transfer !== undefined ? (
            <TransferDetail transfer={transfer} />
          ) : (
            <Income entry={activity.data} />
          )}
        </div>
      </div>
    </>
  );
}

function Income({ entry }: { entry: Activity }) {
  const { t, i18n } = useTranslation("wallet");
  const { data: wallet } = useWallet();
  return (
    <>
      <div className="flex flex-col items-center gap-1 py-4 text-center">
        <p className="text-body text-text-2">{t("activity.from", { name: nameOf(entry) })}</p>
        <p className="figures text-hero font-bold">{`+${formatAmount(entry.amount)}`}</p>
        {entry.note !== "" && <p className="text-body text-text-2">{entry.note}</p>}
      </div>
      <Facts>
        <Fact name={t("activity.address")} mono>
          {entry.address}
        </Fact>
        {entry.destination_tag !== null && (
          <Fact name={t("activity.tag")}>{entry.destination_tag}</Fact>
        )}
        {entry.memo !== "" && (
          <Fact name={t("activity.memo")}>{entry.memo}</Fact>
        )}
        <Fact name={t("activity.when")}>
          {dateTime(i18n.language, entry.settled_at ?? entry.created_at)}
        </Fact>
        {entry.ledger_index !== null && <Fact name={t("activity.ledger")}>{entry.ledger_index}</Fact>}
        {entry.tx_hash !== null && (
          <HashFact hash={entry.tx_hash} explorer={wallet?.explorer_url ?? null} />
        )}
      </Facts>
    </>
  );
}
