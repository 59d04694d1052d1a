import { describe, expect, test } from "vitest";
import { type AskedPayment, decodePayment, differences } from "./decode";

const FROM = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf";
const TO = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";
const KEY = "7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F156303";
const ENDS =
  "8114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const HEAD = "24000000012E00000007201B000000146140000000000F424068400000000000000A";
const PLAIN = `120000${HEAD}${KEY}${ENDS}`;
const PARTIAL = `1200002200020000${HEAD}${KEY}${ENDS}`;
const SEND_MAX = `120000${HEAD}6940000000001E8480${KEY}${ENDS}`;
const HASH = "321D191FFDC53C9701B0C057940DBE93C46CFF95ED225188C3144D6AD9F6660F";

const asked: AskedPayment = {
  from: FROM,
  to: TO,
  tag: 7,
  memo: "",
  credentials: [],
  amountDrops: 1_000_000n,
  feeDropsMax: 10n,
  lastLedger: 20,
  signingHash: HASH,
};

describe("reading a transaction's bytes", () => {
  test("says what they say, and their signing hash", () => {
    expect(decodePayment(PLAIN)).toEqual({
      from: FROM,
      to: TO,
      tag: 7,
      memo: "",
      credentials: [],
      amountDrops: 1_000_000n,
      feeDrops: 10n,
      lastLedger: 20,
      signingHash: HASH,
    });
  });

  test("refuses flags and fields that nobody asked for", () => {
    expect(decodePayment(PARTIAL)).toBe("extra");
    expect(decodePayment(SEND_MAX)).toBe("extra");
  });

  test("refuses bytes that are no transaction", () => {
    expect(decodePayment("12000")).toBe("unreadable");
    expect(decodePayment("zz")).toBe("unreadable");
  });

  test("finds nothing to object to where all agrees", () => {
    const decoded = decodePayment(PLAIN);
    if (typeof decoded === "string") throw new Error(decoded);
    expect(differences(asked, decoded)).toEqual([]);
  });

  test.each([
    ["from", { from: TO }],
    ["to", { to: FROM }],
    ["tag", { tag: null }],
    ["tag", { tag: 8 }],
    ["memo", { memo: "hello" }],
    ["credentials", { credentials: ["AB".repeat(32)] }],
    ["amount", { amountDrops: 1_000_001n }],
    ["fee", { feeDropsMax: 9n }],
    ["expiry", { lastLedger: 21 }],
    ["hash", { signingHash: HASH.replace("3", "4") }],
  ] as const)("names a difference in %s", (name, change) => {
    const decoded = decodePayment(PLAIN);
    if (typeof decoded === "string") throw new Error(decoded);
    expect(differences({ ...asked, ...change }, decoded)).toEqual([name]);
  });
});
