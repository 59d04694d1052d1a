/**
 * Amounts as decimal strings, never floats. All arithmetic is on `Decimal`: an integer and how many
 * of its digits stand after the point.
 */
import type { Amount } from "@/lib/wire";

export const XRP = "XRP";
export const DROPS_PER_XRP = 1_000_000n;
export const XRP_DECIMALS = 6;
/** Significant digits an issued currency keeps, in every calculation of the ledger. */
const ISSUED_DIGITS = 15;

interface Decimal {
  units: bigint;
  decimals: number;
}

const PATTERN = /^-?\d+(\.\d+)?$/;

/** @throws RangeError where `text` is not a plain decimal. */
function parse(text: string): Decimal {
  if (!PATTERN.test(text)) throw new RangeError(`not a decimal: ${text}`);
  const [whole = "", fraction = ""] = text.split(".");
  return { units: BigInt(whole + fraction), decimals: fraction.length };
}

function scaled({ units, decimals }: Decimal, to: number): bigint {
  return units * 10n ** BigInt(to - decimals);
}

/** The plain decimal of `units` × 10^-decimals, without trailing zeros. */
export function fromUnits(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? "" : digits.slice(-decimals).replace(/0+$/, "");
  return sign + whole + (fraction === "" ? "" : `.${fraction}`);
}

/** Negative, zero or positive, as `a` is less than, equal to or more than `b`. */
export function compare(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)];
  const decimals = Math.max(x.decimals, y.decimals);
  const [m, n] = [scaled(x, decimals), scaled(y, decimals)];
  return m < n ? -1 : m > n ? 1 : 0;
}

export function add(a: string, b: string): string {
  const [x, y] = [parse(a), parse(b)];
  const decimals = Math.max(x.decimals, y.decimals);
  return fromUnits(scaled(x, decimals) + scaled(y, decimals), decimals);
}

export function subtract(a: string, b: string): string {
  return add(a, b.startsWith("-") ? b.slice(1) : `-${b}`);
}

/** Drops, as the ledger counts, to XRP. */
export function xrpFromDrops(drops: number | bigint | string): string {
  return fromUnits(BigInt(drops), XRP_DECIMALS);
}

/** @throws RangeError where `xrp` has more than six decimals or is no decimal. */
export function dropsFromXrp(xrp: string): bigint {
  const value = parse(xrp);
  if (value.decimals > XRP_DECIMALS) throw new RangeError(`finer than a drop: ${xrp}`);
  return scaled(value, XRP_DECIMALS);
}

/**
 * What a person typed, as a plain decimal, or null where it is not (yet) one. Grouping commas go;
 * “.5” and “5.” are read as people mean them.
 */
export function typedDecimal(text: string, decimals = XRP_DECIMALS): string | null {
  const plain = text.replaceAll(/[,\s]/g, "");
  const match = /^(\d*)(?:\.(\d*))?$/.exec(plain);
  if (match === null || (match[1] === "" && (match[2] ?? "") === "")) return null;
  if ((match[2] ?? "").length > decimals) return null;
  return fromUnits(
    BigInt((match[1] ?? "") + (match[2] ?? "") || "0"),
    (match[2] ?? "").length,
  );
}

/** The grouped decimal, exact to its last digit: “1,234.5”. */
export function formatDecimal(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Whether it is an MPT, which is paid in whole units and never exchanged on the way. */
export function isMpt(asset: string): boolean {
  return asset.startsWith("mpt.");
}

/** How many places after the point an amount of this asset may have. */
export function decimalsOf(asset: string): number {
  if (asset === XRP) return XRP_DECIMALS;
  return isMpt(asset) ? 0 : ISSUED_DIGITS;
}

/** What a person typed as an amount of this asset; null where the ledger could not hold it exactly. */
export function typedAmount(text: string, asset: string): string | null {
  const value = typedDecimal(text, decimalsOf(asset));
  if (value === null || asset === XRP || isMpt(asset)) return value;
  const digits = value.replace(".", "").replace(/^0+/, "").replace(/0+$/, "");
  return digits.length > ISSUED_DIGITS ? null : value;
}

/** Whether both are so much of the same asset. */
export function sameAmount(a: Amount, b: Amount): boolean {
  return a.asset === b.asset && compare(a.value, b.value) === 0;
}

/** The whole address of a token's issuer; null of XRP, and of an MPT, whose id holds it. */
export function issuerOf(asset: string): string | null {
  const dot = asset.lastIndexOf(".");
  return dot < 0 || isMpt(asset) ? null : asset.slice(dot + 1);
}

const LEDGER_UNITS = /^(0|[1-9]\d*)$/;
const UNSIGNED = /^\d+(\.\d+)?$/;

/** An amount as the ledger writes it in a transaction, zero included; null where it is none. */
export function amountFromLedger(field: unknown): Amount | null {
  if (typeof field === "string") {
    return LEDGER_UNITS.test(field) ? { value: xrpFromDrops(field), asset: XRP } : null;
  }
  if (typeof field !== "object" || field === null) return null;
  const { value, currency, issuer, mpt_issuance_id: issuance, ...rest } = field as Record<string, unknown>;
  if (typeof value !== "string" || !UNSIGNED.test(value) || Object.keys(rest).length > 0) return null;
  if (typeof issuance === "string" && currency === undefined && issuer === undefined) {
    return { value, asset: `mpt.${issuance.toUpperCase()}` };
  }
  if (typeof currency !== "string" || typeof issuer !== "string" || issuance !== undefined) return null;
  return { value, asset: `${currency}.${issuer}` };
}

const HEX_CODE = /^[0-9A-F]{40}$/;
const PLAIN_TEXT = /^[\x21-\x7e]+$/;

/** What a currency code says: three characters as they are, 40 hex digits as the plain text they hold. */
function codeText(code: string): string {
  if (!HEX_CODE.test(code)) return code;
  const digits = code.replace(/(00)+$/, "").match(/../g) ?? [];
  const text = String.fromCharCode(...digits.map((pair) => parseInt(pair, 16)));
  return PLAIN_TEXT.test(text) ? text : short(code);
}

function short(text: string): string {
  return text.length > 12 ? `${text.slice(0, 4)}…${text.slice(-4)}` : text;
}

/** The short name of an asset: `XRP`, or a token's code without its issuer. */
export function assetCode(asset: string): string {
  const dot = asset.lastIndexOf(".");
  if (dot < 0) return asset;
  const code = asset.slice(0, dot);
  return code === "mpt" ? `MPT ${short(asset.slice(dot + 1))}` : codeText(code);
}

/**
 * “1,234.5 XRP”, “5 USD · rHb9…dyTh”: a token never without its issuer, since anyone may issue one that
 * calls itself like another.
 */
export function formatAmount(amount: Amount): string {
  const text = `${formatDecimal(amount.value)} ${assetCode(amount.asset)}`;
  const issuer = amount.asset.slice(amount.asset.lastIndexOf(".") + 1);
  const isIssued = amount.asset !== issuer && !amount.asset.startsWith("mpt.");
  return isIssued ? `${text} · ${short(issuer)}` : text;
}
