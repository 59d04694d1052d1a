/**
 * What taking up a token, or letting it go, says in its own bytes, read on this device, and every way in
 * which that differs from what the person asked. Nothing is approved while a difference stands.
 *
 * Source: xrpl.org, TrustSet, MPTokenAuthorize.
 */
import { amountFromLedger, compare, isMpt } from "@/lib/amount";
import { approvalHash, readFields } from "@/lib/transactions";
import type { OrderDraft, TrustAction } from "@/lib/wire";

/** Nobody may pay through a line of ours. */
const SET_NO_RIPPLE = 0x00020000;
const MPT_UNAUTHORIZE = 0x00000001;

const COMMON = [
  "TransactionType",
  "Account",
  "Fee",
  "Flags",
  "Sequence",
  "TicketSequence",
  "LastLedgerSequence",
  "SigningPubKey",
  "NetworkID",
];
const OWN: Record<string, string> = {
  TrustSet: "LimitAmount",
  MPTokenAuthorize: "MPTokenIssuanceID",
};

/** One change of a line, as its bytes say it. */
export interface DecodedLine {
  account: string;
  asset: string;
  /** How much of a currency is taken at most, zero for a line that goes; null of an MPT. */
  limit: string | null;
  removes: boolean;
  feeDrops: bigint;
  lastLedger: number;
  approvalHash: string;
}

/** What the person asked for, and what the server said of the bytes. */
export interface AskedLine {
  account: string;
  asset: string;
  action: TrustAction;
  /** Of a currency that is kept. */
  limit: string | null;
  feeDropsMax: bigint;
}

export type LineDifference =
  "unreadable" | "several" | "kind" | "extra" | "from" | "token" | "limit" | "action" | "fee" | "expiry" | "hash";

/** Read the bytes; a difference where they are no change of one line. */
export function decodeLine(txBlobs: readonly string[]): DecodedLine | LineDifference {
  const [blob] = txBlobs;
  if (blob === undefined || txBlobs.length !== 1) return "several";
  const fields = readFields(blob);
  if (fields === null) return "unreadable";
  const own = OWN[String(fields.TransactionType)];
  if (own === undefined) return "kind";
  if (Object.keys(fields).some((name) => name !== own && !COMMON.includes(name))) return "extra";
  const { Account: account, Fee: fee, LastLedgerSequence: lastLedger } = fields;
  if (typeof account !== "string" || typeof fee !== "string") return "unreadable";
  if (typeof lastLedger !== "number") return "expiry";
  const said = fields.TransactionType === "TrustSet" ? trustLine(fields) : mptEntry(fields);
  if (typeof said === "string") return said;
  return { account, ...said, feeDrops: BigInt(fee), lastLedger, approvalHash: approvalHash(txBlobs) };
}

type Said = Pick<DecodedLine, "asset" | "limit" | "removes">;

function trustLine(fields: Record<string, unknown>): Said | LineDifference {
  // Freezing, authorising and rippling are flags as well.
  if (fields.Flags !== SET_NO_RIPPLE) return "extra";
  const limit = amountFromLedger(fields.LimitAmount);
  if (limit === null || !limit.asset.includes(".") || isMpt(limit.asset)) return "token";
  return { asset: limit.asset, limit: limit.value, removes: compare(limit.value, "0") === 0 };
}

function mptEntry(fields: Record<string, unknown>): Said | LineDifference {
  const flags = fields.Flags ?? 0;
  if (flags !== 0 && flags !== MPT_UNAUTHORIZE) return "extra";
  if (typeof fields.MPTokenIssuanceID !== "string") return "token";
  const asset = `mpt.${fields.MPTokenIssuanceID.toUpperCase()}`;
  return { asset, limit: null, removes: flags === MPT_UNAUTHORIZE };
}

/** Every difference between what was asked and what the draft's bytes say; empty when they agree. */
export function lineDifferences(asked: AskedLine, draft: OrderDraft, decoded: DecodedLine): LineDifference[] {
  const found: LineDifference[] = [];
  if (decoded.account !== asked.account) found.push("from");
  if (decoded.asset !== asked.asset) found.push("token");
  if (decoded.removes !== (asked.action === "remove")) found.push("action");
  else if (!decoded.removes && !sameLimit(decoded.limit, asked.limit)) found.push("limit");
  if (decoded.feeDrops > asked.feeDropsMax) found.push("fee");
  if (decoded.lastLedger !== draft.last_ledger) found.push("expiry");
  const hashes = [draft.approval_hash, ...draft.steps.map(({ signing_hash }) => signing_hash)];
  if (hashes.some((hash) => hash.toUpperCase() !== decoded.approvalHash)) found.push("hash");
  return found;
}

function sameLimit(a: string | null, b: string | null): boolean {
  return a === null || b === null ? a === b : compare(a, b) === 0;
}
