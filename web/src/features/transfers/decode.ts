/**
 * What a transaction's own bytes say, read on this device, and every way in which that differs from
 * what the person asked. Nothing is approved while a difference stands.
 */
import { amountFromLedger, compare, fromUnits, isMpt, sameAmount, XRP } from "@/lib/amount";
import { hexBytes } from "@/lib/bytes";
import { readFields, signingHash } from "@/lib/transactions";
import type { Amount } from "@/lib/wire";

/** No issuer may take more than as much again: the ledger's own bound on transfer fees. */
const TRANSFER_FEE_FACTOR_MAX = 2n;

/** What a transaction may carry. */
const PATHS_MAX = 6;
const STEPS_MAX = 8;

/** “text/plain”, as a memo says what its bytes are. */
const TEXT_PLAIN = "746578742F706C61696E";

/** Fields a payment may carry here; any other is a difference. */
const KNOWN_FIELDS = new Set([
  "TransactionType",
  "Account",
  "Destination",
  "DestinationTag",
  "Amount",
  "SendMax",
  "Paths",
  "Fee",
  "Sequence",
  "LastLedgerSequence",
  "Flags",
  "SigningPubKey",
  "NetworkID",
  "SourceTag",
  "Memos",
  "CredentialIDs",
]);

/** A payment, as its bytes say it. */
export interface DecodedPayment {
  from: string;
  to: string;
  tag: number | null;
  /** What everybody will be able to read; empty for none. */
  memo: string;
  /** Credentials it shows to a receiver that chooses its senders. */
  credentials: string[];
  /** What arrives, or nothing does. */
  amount: Amount;
  /** What leaves at most, where that may be more than what arrives, or another asset. */
  sendMax: Amount | null;
  hasPaths: boolean;
  feeDrops: bigint;
  lastLedger: number;
  signingHash: string;
}

/** What the person asked for, and what the server said of the bytes. */
export interface AskedPayment {
  from: string;
  to: string;
  tag: number | null;
  memo: string;
  credentials: readonly string[];
  amount: Amount;
  /** What leaves at most, as it was told; its asset is what the person chose to pay with. */
  spend: Amount;
  /** Until when the price of an exchange stands; null for none. */
  quoteExpiresAt: string | null;
  feeDropsMax: bigint;
  lastLedger: number;
  signingHash: string;
}

export type Difference =
  | "unreadable"
  | "kind"
  | "extra"
  | "from"
  | "to"
  | "tag"
  | "memo"
  | "credentials"
  | "amount"
  | "spend"
  | "paths"
  | "quote"
  | "fee"
  | "expiry"
  | "hash";

/** Read the bytes; a `Difference` where they are no plain payment. */
export function decodePayment(txBlob: string): DecodedPayment | Difference {
  const fields = readFields(txBlob);
  if (fields === null) return "unreadable";
  if (fields.TransactionType !== "Payment") return "kind";
  if (Object.keys(fields).some((name) => !KNOWN_FIELDS.has(name))) return "extra";
  // A flag such as partial payment would deliver less than the amount that is shown.
  if (((fields.Flags as number | undefined) ?? 0) !== 0) return "extra";
  const { Account: from, Destination: to, DestinationTag: tag, Fee: fee } = fields;
  const lastLedger = fields.LastLedgerSequence;
  if (typeof from !== "string" || typeof to !== "string") return "unreadable";
  const amount = movedAmount(fields.Amount);
  const sendMax = fields.SendMax === undefined ? null : movedAmount(fields.SendMax);
  if (amount === null || typeof fee !== "string") return "kind";
  if (fields.SendMax !== undefined && sendMax === null) return "spend";
  if (fields.Paths !== undefined && !arePaths(fields.Paths)) return "paths";
  if (typeof lastLedger !== "number") return "expiry";
  const memo = memoOf(fields.Memos);
  if (memo === null) return "extra";
  return {
    from,
    to,
    tag: typeof tag === "number" ? tag : null,
    memo,
    credentials: Array.isArray(fields.CredentialIDs) ? fields.CredentialIDs.map(String) : [],
    amount,
    sendMax,
    hasPaths: fields.Paths !== undefined,
    feeDrops: BigInt(fee),
    lastLedger,
    signingHash: signingHash(txBlob),
  };
}

function movedAmount(field: unknown): Amount | null {
  const read = amountFromLedger(field);
  return read !== null && compare(read.value, "0") > 0 ? read : null;
}

/** What leaves at most, as the bytes say it. */
export function leavesAtMost({ amount, sendMax }: DecodedPayment): Amount {
  return sendMax ?? amount;
}

/** Ways of an exchange. Whichever is taken, no more than `SendMax` leaves and all of `Amount` arrives. */
function arePaths(paths: unknown): boolean {
  return (
    Array.isArray(paths) &&
    paths.length >= 1 &&
    paths.length <= PATHS_MAX &&
    paths.every((path) => Array.isArray(path) && path.length >= 1 && path.length <= STEPS_MAX)
  );
}

/** The one memo of plain text a payment of ours may carry, empty for none; null for any other. */
function memoOf(memos: unknown): string | null {
  if (memos === undefined) return "";
  const [entry, ...others] = memos as { Memo?: Record<string, unknown> }[];
  const { MemoData: data, MemoFormat: format, ...rest } = entry?.Memo ?? {};
  if (others.length > 0 || Object.keys(rest).length > 0) return null;
  if (typeof data !== "string" || format !== TEXT_PLAIN) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(hexBytes(data));
  } catch {
    return null;
  }
}

/** Every difference between what was asked and what the bytes say; empty when they agree. */
export function differences(asked: AskedPayment, decoded: DecodedPayment): Difference[] {
  const found: Difference[] = [];
  if (decoded.from !== asked.from) found.push("from");
  if (decoded.to !== asked.to) found.push("to");
  if (decoded.tag !== asked.tag) found.push("tag");
  if (decoded.memo !== asked.memo) found.push("memo");
  if (decoded.credentials.join() !== asked.credentials.join()) found.push("credentials");
  if (!sameAmount(decoded.amount, asked.amount)) found.push("amount");
  if (!spendsAsTold(asked, decoded)) found.push("spend");
  const isExchange = asked.spend.asset !== asked.amount.asset;
  if (decoded.hasPaths && !isExchange) found.push("paths");
  if (isExchange !== (asked.quoteExpiresAt !== null)) found.push("quote");
  if (decoded.feeDrops > asked.feeDropsMax) found.push("fee");
  if (decoded.lastLedger !== asked.lastLedger) found.push("expiry");
  if (decoded.signingHash !== asked.signingHash.toUpperCase()) found.push("hash");
  return found;
}

/**
 * Whether no more leaves than was told, of the asset that was chosen. XRP for XRP has no bound but its
 * amount; in one token an issuer's fee comes on top; MPTs are not exchanged.
 */
function spendsAsTold({ amount, spend }: AskedPayment, decoded: DecodedPayment): boolean {
  const leaves = leavesAtMost(decoded);
  if (!sameAmount(leaves, spend)) return false;
  if (spend.asset !== amount.asset) {
    return decoded.sendMax !== null && !isMpt(spend.asset) && !isMpt(amount.asset);
  }
  if (amount.asset === XRP) return decoded.sendMax === null;
  return compare(spend.value, times(amount.value, TRANSFER_FEE_FACTOR_MAX)) <= 0;
}

/** A plain decimal, so many times. */
function times(value: string, factor: bigint): string {
  const [whole = "", fraction = ""] = value.split(".");
  return fromUnits(BigInt(whole + fraction) * factor, fraction.length);
}
