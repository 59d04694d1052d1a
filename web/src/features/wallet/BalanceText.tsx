import { formatDecimal } from "@/lib/amount";
import type { Amount } from "@/lib/wire";

/** A balance, the figure large and its asset small. */
export function BalanceText({ amount }: { amount: Amount }) {
  return (
    <span className="figures text-hero font-bold">
      {formatDecimal(amount.value)}
      <span className="ml-2 text-heading font-semibold text-text-3">{amount.asset}</span>
    </span>
  );
}
