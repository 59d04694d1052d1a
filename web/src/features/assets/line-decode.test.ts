import { describe, expect, test } from "vitest";
import { approvalHash } from "@/lib/transactions";
import type { OrderDraft } from "@/lib/wire";
import { type AskedLine, decodeLine, lineDifferences } from "./line-decode";

const ME = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf";
const OTHER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";
const USD = "USD.rLHzPsX6oXkzU2qL12kHCH8G8cnZv1rBJh";
const MPT = "mpt.00000007B5F762798A53D543A014CAF8B297CFF8F2F937E8";

// As the server's codec (xrpl-py) writes them.
const ADDED =
  "12001422000200002400000007201B0000001463D6C38D7EA4C680000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const REMOVED =
  "12001422000200002400000007201B000000146380000000000000000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const RIPPLES =
  "12001422000400002400000007201B0000001463D6C38D7EA4C680000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const QUALITY =
  "12001422000200002400000007201400000005201B0000001463D6C38D7EA4C680000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const TAKEN =
  "12003922000000002400000007201B0000001468400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A011500000007B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const LEFT =
  "12003922000000012400000007201B0000001468400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A011500000007B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const OF_HOLDER =
  "12003922000000002400000007201B0000001468400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8B14B5F762798A53D543A014CAF8B297CFF8F2F937E8011500000007B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const DIRECT =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";

const add: AskedLine = { account: ME, asset: USD, action: "add", limit: "1000000000", feeDropsMax: 10n };
const remove: AskedLine = { ...add, action: "remove", limit: null };
const take: AskedLine = { ...add, asset: MPT, limit: null };
const leave: AskedLine = { ...take, action: "remove" };

function draftOf(blob: string, change: Partial<OrderDraft> = {}): OrderDraft {
  const hash = approvalHash([blob]);
  return {
    steps: [{ role: "trust_line", tx_blob: blob, signing_hash: hash }],
    approval_hash: hash,
    last_ledger: 20,
    fee_drops: 10,
    expires_at: "2030-01-01T00:00:00Z",
    ...change,
  };
}

function found(asked: AskedLine, blob: string, change: Partial<OrderDraft> = {}) {
  const draft = draftOf(blob, change);
  const decoded = decodeLine(draft.steps.map(({ tx_blob }) => tx_blob));
  return typeof decoded === "string" ? [decoded] : lineDifferences(asked, draft, decoded);
}

describe("taking up a token and letting it go", () => {
  test.each([
    ["a line", add, ADDED],
    ["a line's end", remove, REMOVED],
    ["an MPT", take, TAKEN],
    ["an MPT's end", leave, LEFT],
  ])("%s passes where all agrees", (_, asked, blob) => {
    expect(found(asked, blob)).toEqual([]);
  });

  test("of one transaction the approval is its signing hash", () => {
    expect(approvalHash([ADDED])).toBe("BE72D50529739887AAEAF796F10FB2C03F087A5E9DB4574A3C106FD24EF3AB88");
    expect(approvalHash([ADDED, REMOVED])).toBe("3036741D3BAB28F65C03FF7AAEE8B10E10C195B1DE993D0DC8215486081B9A18");
  });

  test.each([
    ["another account", "from", { ...add, account: OTHER }, ADDED, {}],
    ["the same code of another issuer", "token", { ...add, asset: `USD.${OTHER}` }, ADDED, {}],
    ["another limit", "limit", { ...add, limit: "100" }, ADDED, {}],
    ["a line that goes instead", "action", add, REMOVED, {}],
    ["a line that comes instead", "action", remove, ADDED, {}],
    ["a line that ripples", "extra", add, RIPPLES, {}],
    ["a line that takes at another price", "extra", add, QUALITY, {}],
    ["an MPT given up instead", "action", take, LEFT, {}],
    ["a holder let in", "extra", take, OF_HOLDER, {}],
    ["a payment", "kind", add, DIRECT, {}],
    ["a fee beyond the cap", "fee", { ...add, feeDropsMax: 9n }, ADDED, {}],
    ["another window", "expiry", add, ADDED, { last_ledger: 21 }],
    ["another hash", "hash", add, ADDED, { approval_hash: approvalHash([REMOVED]) }],
    ["no transaction", "several", add, ADDED, { steps: [] }],
    ["bytes that are none", "unreadable", add, "00", {}],
  ] as const)("is refused for %s", (_, name, asked, blob, change) => {
    expect(found(asked, blob, change as Partial<OrderDraft>)).toContain(name);
  });

  test("a second transaction is refused", () => {
    const [step] = draftOf(ADDED).steps;
    if (step === undefined) throw new Error("no step");
    expect(found(add, ADDED, { steps: [step, step] })).toEqual(["several"]);
  });
});
