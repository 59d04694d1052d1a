/**
 * What a transaction's own bytes say, read on this device, and every way in which that differs from
 * what the person asked. Nothing is approved while a difference stands.
 */
import { sha512 } from "@noble/hashes/sha2.js";
import { decode as decodeBinary } from "ripple-binary-codec";
import { concat, hexBytes } from "@/lib/bytes";

/** Prefix of a single signature: “STX” and a zero byte. */
const SIGNING_PREFIX = hexBytes("53545800");

/** “text/plain”, as a memo says what its bytes are. */
const TEXT_PLAIN = "746578742F706C61696E";

/** Fields a payment of XRP may carry here; any other is a difference. */
const KNOWN_FIELDS = new Set([
  "TransactionType",
  "Account",
  "Destination",
  "DestinationTag",
  "Amount",
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

/** A payment of XRP, as its bytes say it. */
export interface DecodedPayment {
  from: string;
  to: string;
  tag: number | null;
  /** What everybody will be able to read; empty for none. */
  memo: string;
  /** Credentials it shows to a receiver that chooses its senders. */
  credentials: string[];
  amountDrops: bigint;
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
  amountDrops: bigint;
  feeDropsMax: bigint;
  lastLedger: number;
  signingHash: string;
}

export type Difference =
  "unreadable" | "kind" | "extra" | "from" | "to" | "tag" | "memo" | "credentials" | "amount" | "fee" | "expiry" | "hash";

/** SHA-512Half of the signing prefix and the serialised transaction, in capitals. */
export function signingHash(txBlob: string): string {
  const digest = sha512(concat(SIGNING_PREFIX, hexBytes(txBlob))).slice(0, 32);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

/** Read the bytes; a `Difference` where they are no plain payment of XRP. */
export function decodePayment(txBlob: string): DecodedPayment | Difference {
  let fields: Record<string, unknown>;
  try {
    fields = decodeBinary(txBlob);
  } catch {
    return "unreadable";
  }
  if (fields.TransactionType !== "Payment") return "kind";
  if (Object.keys(fields).some((name) => !KNOWN_FIELDS.has(name))) return "extra";
  // A flag such as partial payment would deliver less than the amount that is shown.
  if (((fields.Flags as number | undefined) ?? 0) !== 0) return "extra";
  const { Account: from, Destination: to, DestinationTag: tag, Amount: amount, Fee: fee } = fields;
  const lastLedger = fields.LastLedgerSequence;
  if (typeof from !== "string" || typeof to !== "string") return "unreadable";
  if (typeof amount !== "string" || typeof fee !== "string") return "kind";
  if (typeof lastLedger !== "number") return "expiry";
  const memo = memoOf(fields.Memos);
  if (memo === null) return "extra";
  return {
    from,
    to,
    tag: typeof tag === "number" ? tag : null,
    memo,
    credentials: Array.isArray(fields.CredentialIDs) ? fields.CredentialIDs.map(String) : [],
    amountDrops: BigInt(amount),
    feeDrops: BigInt(fee),
    lastLedger,
    signingHash: signingHash(txBlob),
  };
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
  if (decoded.amountDrops !== asked.amountDrops) found.push("amount");
  if (decoded.feeDrops > asked.feeDropsMax) found.push("fee");
  if (decoded.lastLedger !== asked.lastLedger) found.push("expiry");
  if (decoded.signingHash !== asked.signingHash.toUpperCase()) found.push("hash");
  return found;
}
