/** What can be sent and what it can be paid with: the wallet's assets, and verified ones to exchange into. */
import { compare, isMpt, XRP } from "@/lib/amount";
import type { Amount, Token, Wallet } from "@/lib/wire";

export interface AssetChoice {
  asset: string;
  /** Null of XRP. */
  token: Token | null;
  /** Null of what is not held: it can arrive, paid for with something else. */
  spendable: Amount | null;
}

/** What may arrive: XRP first, then what is shown in the wallet, then what the list vouches for. */
export function arrivingChoices(wallet: Wallet, listed: readonly Token[]): AssetChoice[] {
  const held = wallet.balances.map(({ balance, spendable, token }) => ({
    asset: balance.asset,
    token,
    spendable,
  }));
  const xrp = held.filter(({ asset }) => asset === XRP);
  const known = new Set(held.map(({ asset }) => asset));
  const others = listed
    .filter(({ asset }) => !known.has(asset) && !isMpt(asset))
    .map((token) => ({ asset: token.asset, token, spendable: null }));
  return [...xrp, ...held.filter(({ asset }) => asset !== XRP), ...others];
}

/** What may leave so that `asset` arrives: itself, or whatever the ledger can exchange for it. */
export function spendingChoices(choices: readonly AssetChoice[], asset: string): AssetChoice[] {
  return choices.filter(
    (choice) =>
      choice.spendable !== null &&
      (choice.asset === asset ||
        (!isMpt(asset) && !isMpt(choice.asset) && compare(choice.spendable.value, "0") > 0)),
  );
}

/** What it is paid with unless the person says otherwise: the same where there is some, else XRP. */
export function usualSpend(choices: readonly AssetChoice[], asset: string): string {
  const own = choices.find((choice) => choice.asset === asset)?.spendable;
  return isMpt(asset) || (own !== null && own !== undefined) ? asset : XRP;
}
