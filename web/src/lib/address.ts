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

/** What was typed, pasted or scanned as an address; null where it is none or contradicts itself. */
export function readAddress(text: string): LedgerAddress | null {
  const trimmed = text.trim();
  const match = /^(?:xrpl|ripple|xrp):(?:\/\/)?([A-Za-z0-9]+)(?:\?(.*))?$/i.exec(trimmed);
  const named = plainAddress(match?.[1] ?? trimmed);
  if (named === null) return null;
  const query = new URLSearchParams(match?.[2] ?? "");
  const given = query.get("dt") ?? query.get("tag") ?? query.get("to_tag");
  if (given === null) return named;
  const tag = readTag(given);
  if (tag === null || (named.tag !== null && named.tag !== tag)) return null;
  return { ...named, tag };
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
