import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button } from "@/design";
import { assetCode, formatAmount, formatDecimal, issuerOf, xrpFromDrops } from "@/lib/amount";
import { useNow } from "@/lib/use-now";
import { leavesAtMost } from "./decode";
import { Fact, Facts } from "./Facts";
import type { Reviewed } from "./payment";

interface ReviewProps {
  reviewed: Reviewed;
  /** The server has said that this draft, or its price, is too old. */
  outdated: boolean;
  onApprove: () => void;
  onBack: () => void;
  /** Have the same payment built anew, since this draft has grown old. */
  onRenew: () => void;
}

/** The transaction as its own bytes say it, before anything is approved. */
export function Review({ reviewed, outdated, onApprove, onBack, onRenew }: ReviewProps) {
  const { t } = useTranslation("transfers");
  const { transfer, decoded, check } = reviewed;
  const tooLate = useIsPast(transfer.draft?.expires_at ?? transfer.created_at);
  const priceTooOld = useIsPast(transfer.quote_expires_at);
  const old = outdated || tooLate || priceTooOld;
  const amount = formatAmount(decoded.amount);
  const issuer = issuerOf(decoded.amount.asset);
  const most = leavesAtMost(decoded);
  const isExchange = most.asset !== decoded.amount.asset;
  const fee = formatAmount({ value: xrpFromDrops(decoded.feeDrops), asset: "XRP" });
  const person = transfer.recipient;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-col items-center gap-2 py-4 text-center">
        {person !== null && (
          <Avatar id={person.id} name={person.name} picture={person.picture_url} size={52} />
        )}
        <p className="text-body text-text-2">
          {person === null ? t("review.to_address") : t("to.person", { name: person.name })}
        </p>
        <p className="figures text-hero font-bold">
          {formatDecimal(decoded.amount.value)} {assetCode(decoded.amount.asset)}
        </p>
        {transfer.note !== "" && <p className="text-body text-text-2">{transfer.note}</p>}
      </div>
      <Facts>
        {issuer !== null && (
          <Fact name={t("review.issuer")} mono>
            {issuer}
          </Fact>
        )}
        {decoded.sendMax !== null && (
          <Fact name={t("review.at_most")} strong>
            {formatAmount(most)}
          </Fact>
        )}
        {transfer.quote_expires_at !== null && !old && (
          <Fact name={t("review.price_for")}>
            <SecondsLeft until={transfer.quote_expires_at} />
          </Fact>
        )}
        <Fact name={t("review.from")} mono>
          {decoded.from}
        </Fact>
        <Fact name={t("review.to")} mono>
          {decoded.to}
        </Fact>
        {decoded.tag !== null && <Fact name={t("review.tag")}>{decoded.tag}</Fact>}
        {decoded.memo !== "" && <Fact name={t("memo")}>{decoded.memo}</Fact>}
        {decoded.credentials.length > 0 && (
          <Fact name={t("review.credentials")}>
            {t("review.credentials_shown", { count: decoded.credentials.length })}
          </Fact>
        )}
        <Fact name={t("review.fee")}>{fee}</Fact>
        <Fact name={t("review.after")}>{formatAmount(check.balance_after)}</Fact>
        <Fact name={t("review.last_ledger")}>{decoded.lastLedger}</Fact>
      </Facts>
      {decoded.sendMax !== null && (
        <Banner>{t(isExchange ? "review.exchange" : "review.issuer_fee")}</Banner>
      )}
      {check.creates_account && <Banner>{t("review.creates_account")}</Banner>}
      <p className="py-2 text-caption text-text-3">{t("review.decoded")}</p>
      {old ? (
        <>
          <Banner tone="warning" role="status">
            {t(isExchange ? "review.price_old" : "review.old")}
          </Banner>
          <Button size="large" tone="primary" wide onClick={onRenew}>
            {t("review.renew")}
          </Button>
        </>
      ) : (
        <Button size="large" tone="primary" wide onClick={onApprove}>
          {t("review.approve", { amount })}
        </Button>
      )}
      <Button size="large" tone="quiet" wide onClick={onBack}>
        {t("review.back")}
      </Button>
    </div>
  );
}

/** How long a price still stands. */
function SecondsLeft({ until }: { until: string }) {
  const { t } = useTranslation("transfers");
  const left = Date.parse(until) - useNow(1_000).getTime();
  return t("review.seconds", { count: Math.max(0, Math.ceil(left / 1000)) });
}

/** Whether a moment has passed; turns by itself. Never for no moment. */
function useIsPast(iso: string | null): boolean {
  const [now, setNow] = useState(() => Date.now());
  const left = iso === null ? Number.POSITIVE_INFINITY : Date.parse(iso) - now;
  useEffect(() => {
    if (left <= 0 || left === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => setNow(Date.now()), left + 1);
    return () => clearTimeout(timer);
  }, [left]);
  return left <= 0;
}
