/** Naming tokens: reading what a person typed as one, and what stands in a holding's way. */
import { readAddress } from "@/lib/address";
import type { Held } from "@/lib/wire";

const CODE = /^[A-Za-z0-9?!@#$%^&*<>(){}[\]|]{3}$/;
const LONG_CODE = /^[\x21-\x7e]{4,20}$/;
const CODE_HEX = /^(?!00)[0-9A-Fa-f]{40}$/;
const MPT_ID = /^[0-9A-Fa-f]{48}$/;
const CODE_DIGITS = 40;

/** The asset that code and issuer name, or an MPT's id alone; null while they name none. */
export function assetFrom(code: string, issuer: string): string | null {
  const typed = code.trim();
  if (MPT_ID.test(typed)) return `mpt.${typed.toUpperCase()}`;
  const ledger = ledgerCode(typed);
  const read = readAddress(issuer);
  if (ledger === null || read === null) return null;
  return read.tag === null ? `${ledger}.${read.address}` : null;
}

/** A currency code as the ledger spells it: three characters, or the text's bytes in 40 hex digits. */
function ledgerCode(typed: string): string | null {
  if (CODE.test(typed)) return typed.toUpperCase() === "XRP" ? null : typed;
  if (CODE_HEX.test(typed)) return typed.toUpperCase();
  if (!LONG_CODE.test(typed)) return null;
  const digits = Array.from(typed, (character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
  return digits.join("").padEnd(CODE_DIGITS, "0").toUpperCase();
}

const NOTICES = [
  "frozen",
  "deep_frozen",
  "frozen_by_me",
  "not_asked_for",
  "ripples",
  "locked",
  "owes",
] as const;
export type Notice = (typeof NOTICES)[number];

/** What stands in a holding's way, as far as this version has words for it. */
export function noticesOf({ notices }: Held): Notice[] {
  return NOTICES.filter((notice) => notices.includes(notice));
}

/** Whether the person took it up themselves, so that it is theirs to change and to let go. */
export function isOwn(held: Held | null): held is Held {
  // What somebody else opened costs its holder nothing.
  return held !== null && held.reserve_drops > 0;
}
