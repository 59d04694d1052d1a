/** Activity as a table that spreadsheets read (RFC 4180), with the byte order mark Excel needs. */
import type { Activity } from "@/lib/wire";

const COLUMNS = [
  "created_at",
  "settled_at",
  "direction",
  "state",
  "amount",
  "asset",
  "counterparty",
  "address",
  "destination_tag",
  "note",
  "tx_hash",
  "ledger_index",
] as const;

/** One row an entry, under a row of names. */
export function csvOf(entries: readonly Activity[]): string {
  const rows = entries.map((entry) => [
    entry.created_at,
    entry.settled_at ?? "",
    entry.incoming ? "in" : "out",
    entry.uncertain ? "uncertain" : entry.state,
    entry.amount.value,
    entry.amount.asset,
    entry.counterparty?.name ?? "",
    entry.address,
    entry.destination_tag ?? "",
    entry.note,
    entry.tx_hash ?? "",
    entry.ledger_index ?? "",
  ]);
  return `\uFEFF${[COLUMNS, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value: string | number): string {
  const text = String(value);
  // A cell that begins like a formula would be run as one.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
