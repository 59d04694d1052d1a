import { clsx } from "clsx";
import { useTranslation } from "react-i18next";
import { useWallet } from "@/features/wallet";
import { formatAmount, sameAmount, xrpFromDrops } from "@/lib/amount";
import { dateTime } from "@/lib/dates";
import type { Transfer } from "@/lib/wire";
import { Fact, Facts } from "./Facts";
import { HashFact } from "./HashFact";
import { TONE_CLASS, viewOf } from "./states";
import { failureText } from "./TransferCard";

/** One transfer of mine with all that is known of it, live. */
export function TransferDetail({ transfer }: { transfer: Transfer }) {
  const { t, i18n } = useTranslation("transfers");
  const { data: wallet } = useWallet();
  const view = viewOf(transfer.state, transfer.uncertain, 28);
  const fee = transfer.failure?.fee_charged_drops ?? transfer.fee_drops;
  return (
    <div className="flex flex-col gap-2">
      <div aria-live="polite" className="flex flex-col items-center gap-1 py-4 text-center">
        <span className={TONE_CLASS[view.tone]}>{view.icon}</span>
        <p className="figures text-hero font-bold">{formatAmount(transfer.amount)}</p>
        <p className={clsx("text-body font-semibold", TONE_CLASS[view.tone])}>{t(`state.${view.text}`)}</p>
        <p className="text-small text-text-3">{t(`state_more.${view.text}`)}</p>
      </div>
      <Facts>
        {transfer.recipient !== null && <Fact name={t("detail.to")}>{transfer.recipient.name}</Fact>}
        <Fact name={t("detail.address")} mono>
          {transfer.address}
        </Fact>
        {transfer.destination_tag !== null && (
          <Fact name={t("review.tag")}>{transfer.destination_tag}</Fact>
        )}
        {transfer.note !== "" && <Fact name={t("note")}>{transfer.note}</Fact>}
        {transfer.memo !== "" && (
          <Fact name={t("memo")}>{transfer.memo}</Fact>
        )}
        {transfer.failure !== null && (
          <Fact name={t("detail.why")}>{failureText(t, transfer.failure.code)}</Fact>
        )}
        {!sameAmount(transfer.spend, transfer.amount) && (
          <Fact name={t("review.at_most")}>{formatAmount(transfer.spend)}</Fact>
        )}
        {fee !== null && (
          <Fact name={t("review.fee")}>
            {formatAmount({ value: xrpFromDrops(fee), asset: "XRP" })}
          </Fact>
        )}
        <Fact name={t("detail.when")}>{dateTime(i18n.language, transfer.settled_at ?? transfer.created_at)}</Fact>
        {transfer.ledger_index !== null && (
          <Fact name={t("detail.ledger")}>{transfer.ledger_index}</Fact>
        )}
        {transfer.tx_hash !== null && (
          <HashFact hash={transfer.tx_hash} explorer={wallet?.explorer_url ?? null} />
        )}
      </Facts>
    </div>
  );
}
