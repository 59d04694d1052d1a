import { expect, test } from "vitest";
import type { Activity } from "@/lib/wire";
import { csvOf } from "./csv";

const entry = {
  created_at: "2026-01-02T03:04:05Z",
  settled_at: null,
  incoming: true,
  uncertain: false,
  state: "settled",
  amount: { value: "1.5", asset: "XRP" },
  counterparty: null,
  address: "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
  destination_tag: 0,
  note: "",
  tx_hash: null,
  ledger_index: 7,
} as unknown as Activity;

test("notes with commas, quotes and line ends stay in their cell", () => {
  expect(csvOf([{ ...entry, note: 'a,"b"\nc' }])).toContain('"a,""b""\nc"');
});

test("a note that looks like a formula is not run by a spreadsheet", () => {
  expect(csvOf([{ ...entry, note: "=1+1" }])).toContain(",'=1+1,");
});

test("tag zero is a tag", () => {
  expect(csvOf([entry])).toContain(",rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh,0,");
});
