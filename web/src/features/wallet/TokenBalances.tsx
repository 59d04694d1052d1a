import { Link } from "@tanstack/react-router";
import { BadgeCheck, ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { formatAmount } from "@/lib/amount";
import type { Wallet } from "@/lib/wire";

/** Every token that is shown, each with its issuer, how many are kept out of sight, and the way to all of them. */
export function TokenBalances({ wallet }: { wallet: Wallet }) {
  const { t } = useTranslation("wallet");
  const tokens = wallet.balances.flatMap(({ balance, spendable, token }) =>
    token === null ? [] : [{ balance, spendable, token }],
  );
  return (
    <div className="flex flex-col gap-2">
      {tokens.length > 0 && (
        <ul aria-label={t("tokens.label")} className="flex flex-col gap-2">
          {tokens.map(({ balance, spendable, token }) => (
            <li key={token.asset}>
              <p className="break-words">{formatAmount(balance)}</p>
              <p className="flex items-center gap-1 text-small text-text-3">
                {token.verified && <BadgeCheck size={16} aria-hidden="true" />}
                {token.verified ? token.issuer_name : t("tokens.unverified")}
              </p>
              {spendable.value !== balance.value && (
                <p className="text-small text-text-2">
                  {t("tokens.spendable", { amount: formatAmount(spendable) })}
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {wallet.hidden_tokens > 0 && (
        <p className="text-small text-text-3">
          {t("tokens.hidden", { number: wallet.hidden_tokens })}
        </p>
      )}
      <Link
        to="/wallet/assets"
        className="-ml-2 inline-flex min-h-11 items-center gap-1 self-start rounded-field px-2 text-small font-semibold text-accent-text hover:bg-accent-soft"
      >
        {t("tokens.manage")}
        <ChevronRight size={16} aria-hidden="true" />
      </Link>
    </div>
  );
}
