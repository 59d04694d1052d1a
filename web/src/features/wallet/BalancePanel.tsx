import { ArrowDownLeft, ArrowUpRight, Info } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, Skeleton } from "@/design";
import { openPay } from "@/features/transfers";
import { compare, formatAmount, xrpFromDrops } from "@/lib/amount";
import type { Wallet } from "@/lib/wire";
import { BalanceText } from "./BalanceText";
import { ReceiveSheet } from "./ReceiveSheet";
import { TokenBalances } from "./TokenBalances";
import { WalletTrust } from "./WalletTrust";

/** What can be spent, what is reserved and why, and the two things one does with money. */
export function BalancePanel({ wallet }: { wallet: Wallet }) {
  const { t } = useTranslation("wallet");
  const [receiving, setReceiving] = useState(false);
  const [explained, setExplained] = useState(false);
  const xrp = wallet.balances.find(({ balance }) => balance.asset === "XRP");
  const { address } = wallet;
  if (wallet.state === "creating" || wallet.state === "funding" || xrp === undefined) {
    return (
      <section className="flex flex-col gap-3 px-5 pb-4" aria-label={t("balance.label")}>
        {wallet.state === "unfunded" && address !== null ? (
          <>
            <Banner tone="warning">
              {t("unfunded", {
                amount: formatAmount({ value: xrpFromDrops(wallet.reserve_base_drops), asset: "XRP" }),
              })}
            </Banner>
            <Button size="large" tone="primary" wide onClick={() => setReceiving(true)}>
              {t("receive.title")}
            </Button>
            {receiving && <ReceiveSheet address={address} onClose={() => setReceiving(false)} />}
          </>
        ) : (
          <>
            <Skeleton className="h-12 w-48" />
            <p role="status" className="text-small text-text-3">
              {t(wallet.state === "funding" ? "funding" : "creating")}
            </p>
          </>
        )}
      </section>
    );
  }
  const reserve = compare(xrp.reserved.value, "0") > 0;
  return (
    <section className="flex flex-col gap-4 px-5 pb-4" aria-label={t("balance.label")}>
      <div>
        <p className="text-small text-text-3">{t("balance.spendable")}</p>
        <p aria-live="polite" data-testid="spendable">
          <BalanceText amount={xrp.spendable} />
        </p>
        {reserve && (
          <button
            type="button"
            aria-expanded={explained}
            onClick={() => setExplained(!explained)}
            className="-ml-2 inline-flex min-h-11 items-center gap-1.5 rounded-field px-2 text-small text-text-3 hover:bg-hover"
          >
            {t("balance.reserved", { amount: formatAmount(xrp.reserved) })}
            <Info size={16} aria-hidden="true" />
          </button>
        )}
        {explained && (
          <p className="text-small text-text-2">
            {t("balance.why", {
              base: formatAmount({ value: xrpFromDrops(wallet.reserve_base_drops), asset: "XRP" }),
              total: formatAmount(xrp.balance),
            })}
          </p>
        )}
      </div>
      {wallet.trust === "trusted" && (
        <div className="flex gap-2">
          <Button
            size="large"
            tone="primary"
            className="flex-1"
            icon={<ArrowUpRight size={20} />}
            onClick={() => openPay({})}
          >
            {t("send")}
          </Button>
          <Button
            size="large"
            className="flex-1"
            icon={<ArrowDownLeft size={20} />}
            onClick={() => setReceiving(true)}
            disabled={address === null}
          >
            {t("receive.title")}
          </Button>
        </div>
      )}
      <TokenBalances wallet={wallet} />
      <WalletTrust wallet={wallet} />
      {receiving && address !== null && (
        <ReceiveSheet address={address} onClose={() => setReceiving(false)} />
      )}
    </section>
  );
}
