import { describe, expect, test } from "vitest";
import { signingHash } from "@/lib/transactions";
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

const USD = "USD.rLHzPsX6oXkzU2qL12kHCH8G8cnZv1rBJh";
const MPT_ASSET = "mpt.00000007B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const xrp = (value: string) => ({ value, asset: "XRP" });

const asked: AskedPayment = {
  from: FROM,
  to: TO,
  tag: 7,
  memo: "",
  credentials: [],
  amount: xrp("1"),
  spend: xrp("1"),
  quoteExpiresAt: null,
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
      amount: xrp("1"),
      sendMax: null,
      hasPaths: false,
      feeDrops: 10n,
      lastLedger: 20,
      signingHash: HASH,
    });
  });

  test("refuses flags and fields that nobody asked for", () => {
    expect(decodePayment(PARTIAL)).toBe("extra");
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
    ["amount", { amount: xrp("1.000001") }],
    ["amount", { amount: { value: "1", asset: USD } }],
    ["fee", { feeDropsMax: 9n }],
    ["expiry", { lastLedger: 21 }],
    ["hash", { signingHash: HASH.replace("3", "4") }],
  ] as const)("names a difference in %s", (name, change) => {
    const decoded = decodePayment(PLAIN);
    if (typeof decoded === "string") throw new Error(decoded);
    expect(differences({ ...asked, ...change }, decoded)).toContain(name);
  });
});

// Tokens and exchanges, as the server's codec (xrpl-py) writes them.
const DIRECT =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const WITH_FEE =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A69D4C473B5E67BF2000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB87321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const EXCHANGE =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A694000000001C9C3807321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E80112300000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB800";
const MPT =
  "12000022000000002400000007201B00000014616000000000000003E700000007B5F762798A53D543A014CAF8B297CFF8F2F937E868400000000000000A696000000000000003F400000007B5F762798A53D543A014CAF8B297CFF8F2F937E87321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const PARTIAL_EXCHANGE =
  "12000022000200002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A694000000001C9C3807321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const DOUBLE_FEE =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A69D4C8EAD4EA62E0000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB87321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const LOOSE_PATHS =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A69D4C473B5E67BF2000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB87321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E80112300000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB800";

const usd = (value: string) => ({ value, asset: USD });
const mpt = (value: string) => ({ value, asset: MPT_ASSET });
const SOON = "2030-01-01T00:00:00Z";

function found(blob: string, change: Partial<AskedPayment>) {
  const decoded = decodePayment(blob);
  if (typeof decoded === "string") return [decoded];
  const wanted = { ...asked, tag: null, signingHash: signingHash(blob), ...change };
  return differences(wanted, decoded);
}

describe("payments of tokens", () => {
  test("say which token, whose, and what leaves at most", () => {
    expect(decodePayment(WITH_FEE)).toMatchObject({ amount: usd("12.5"), sendMax: usd("12.53125") });
    expect(decodePayment(EXCHANGE)).toMatchObject({ sendMax: xrp("30"), hasPaths: true });
    expect(decodePayment(MPT)).toMatchObject({ amount: mpt("999"), sendMax: mpt("1012") });
    expect(signingHash(DIRECT)).toBe("77045E4C3C541C1226B393E0AC8EADEFAA596AEA960263AA290A9097C3A86B45");
  });

  test.each([
    [DIRECT, { amount: usd("12.5"), spend: usd("12.50") }],
    [WITH_FEE, { amount: usd("12.5"), spend: usd("12.53125") }],
    [EXCHANGE, { amount: usd("12.5"), spend: xrp("30"), quoteExpiresAt: SOON }],
    [MPT, { amount: mpt("999"), spend: mpt("1012") }],
  ])("pass where all agrees", (blob, change) => {
    expect(found(blob, change)).toEqual([]);
  });

  test.each([
    ["the same code of another issuer", "amount", DIRECT, { amount: { value: "12.5", asset: `USD.${TO}` }, spend: usd("12.5") }],
    ["more than was told", "spend", WITH_FEE, { amount: usd("12.5"), spend: usd("12.5") }],
    ["less than was told, which nobody asked", "spend", DIRECT, { amount: usd("12.5"), spend: usd("12.6") }],
    ["a fee no issuer may take", "spend", DOUBLE_FEE, { amount: usd("12.5"), spend: usd("25.1") }],
    ["another asset than was chosen", "spend", EXCHANGE, { amount: usd("12.5"), spend: usd("30") }],
    ["an exchange nobody asked for", "paths", LOOSE_PATHS, { amount: usd("12.5"), spend: usd("12.53125") }],
    ["an exchange without a price that expires", "quote", EXCHANGE, { amount: usd("12.5"), spend: xrp("30") }],
    ["a price where nothing is exchanged", "quote", DIRECT, { amount: usd("12.5"), spend: usd("12.5"), quoteExpiresAt: SOON }],
    ["XRP with a bound besides its amount", "spend", SEND_MAX, { tag: 7, spend: xrp("2") }],
    ["part of it", "extra", PARTIAL_EXCHANGE, { amount: usd("12.5"), spend: xrp("30"), quoteExpiresAt: SOON }],
  ])("are refused for %s", (_, name, blob, change) => {
    expect(found(blob, change)).toContain(name);
  });
});
