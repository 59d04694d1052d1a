/**
 * Addresses of the XRP Ledger as people meet them: r-addresses, X-addresses that carry their tag,
 * and payment URIs from QR codes. Read on this device; nothing is looked up.
 */
import { isValidClassicAddress, isValidXAddress, xAddressToClassicAddress } from "ripple-address-codec";

export interface LedgerAddress {
  address: string;
  tag: number | null;
}

const TAG_MAX = 0xffff_ffff;

/** What a payment link proposes. The person decides, and may change all of it. */
export interface PaymentText extends LedgerAddress {
  /** Decimal XRP; null where it proposes none, or another asset. */
  value: string | null;
  memo: string;
}

const TAG_NAMES = ["dt", "tag", "to_tag", "destinationtag"];
const MEMO_NAMES = ["memo", "message"];
const LINK_LENGTH_MAX = 2048;

/** What was typed, pasted or scanned as an address; null where it is none or contradicts itself. */
export function readAddress(text: string): LedgerAddress | null {
  const read = readPaymentText(text);
  return read === null ? null : { address: read.address, tag: read.tag };
}

/**
 * Read an address, an X-address or a payment link, by the rules the server reads them by
 * (`ledger/payment_links.py`): a field that is given twice, or cannot be read, refuses all of it.
 */
export function readPaymentText(text: string): PaymentText | null {
  const typed = text.trim();
  if (typed === "" || typed.length > LINK_LENGTH_MAX) return null;
  const parts = splitLink(typed);
  const fields = parts === null ? null : fieldsOf(parts.query);
  if (parts === null || fields === null) return null;
  const named = plainAddress(parts.address === "" ? (fields.get("to") ?? "") : parts.address);
  const given = oneOf(fields, TAG_NAMES);
  const memo = oneOf(fields, MEMO_NAMES);
  if (named === null || given === undefined || memo === undefined) return null;
  const tag = given === null ? named.tag : readTag(given);
  if (given !== null && (tag === null || (named.tag !== null && named.tag !== tag))) return null;
  const value = valueOf(fields);
  return value === undefined ? null : { address: named.address, tag, value, memo: memo ?? "" };
}

function splitLink(text: string): { address: string; query: string } | null {
  const link = /^(?:xrpl|ripple|xrp):(?:\/\/)?([^?]*)(?:\?(.*))?$/is.exec(text);
  if (link !== null) return { address: (link[1] ?? "").replace(/\/+$/, ""), query: link[2] ?? "" };
  if (/^https:/i.test(text)) {
    const url = URL.canParse(text) ? new URL(text) : null;
    const known = url?.hostname === "ripple.com" && /^\/+send\/*$/.test(url.pathname);
    return url !== null && known ? { address: "", query: url.search.slice(1) } : null;
  }
  const [address = "", ...rest] = text.split("?");
  return { address, query: rest.join("?") };
}

/** The query's fields by lower-case name; null where one is given twice. */
function fieldsOf(query: string): Map<string, string> | null {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (fields.has(name.toLowerCase())) return null;
    fields.set(name.toLowerCase(), value);
  }
  return fields;
}

/** The value under whichever of these names is there; null for none, undefined where two differ. */
function oneOf(fields: Map<string, string>, names: readonly string[]): string | null | undefined {
  const found = new Set(names.map((name) => fields.get(name)).filter((value) => value !== undefined));
  return found.size > 1 ? undefined : ([...found][0] ?? null);
}

/** The amount of XRP it proposes; null for none or another asset, undefined where it is no amount. */
function valueOf(fields: Map<string, string>): string | null | undefined {
  const amount = fields.get("amount");
  if (amount === undefined) return null;
  const asset = fields.get("asset") ?? fields.get("currency") ?? "XRP";
  if (asset !== "XRP" || amount.includes("/")) return null;
  if (!/^(?:0|[1-9]\d{0,11})(?:\.\d{1,6})?$/.test(amount) || Number(amount) === 0) return undefined;
  return amount;
}

/** A destination tag as typed; null where it is none. */
export function readTag(text: string): number | null {
  if (!/^\d{1,10}$/.test(text.trim())) return null;
  const tag = Number(text.trim());
  return tag <= TAG_MAX ? tag : null;
}

function plainAddress(text: string): LedgerAddress | null {
  if (isValidClassicAddress(text)) return { address: text, tag: null };
  if (!isValidXAddress(text)) return null;
  const { classicAddress, tag } = xAddressToClassicAddress(text);
  return { address: classicAddress, tag: tag === false ? null : tag };
}

/** The first and last characters: enough to compare by eye, never to type. */
export function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-5)}`;
}
