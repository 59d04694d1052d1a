import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { approvalHash } from "@/lib/transactions";
import { queryClient } from "@/lib/query";
import type { Order, OrderCheck } from "@/lib/wire";
import { type LineInput, TokenChange } from "./token-change";

vi.mock("@/features/wallet", () => ({
  workerKey: () => Promise.resolve({ id: "k", public_key: "" }),
  seal: () => Promise.resolve("sealed"),
}));

const ME = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf";
const ADDED =
  "12001422000200002400000007201B0000001463D6C38D7EA4C680000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const REMOVED =
  "12001422000200002400000007201B000000146380000000000000000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A";
const input: LineInput = {
  asset: "USD.rLHzPsX6oXkzU2qL12kHCH8G8cnZv1rBJh",
  action: "add",
  limit: "1000000000",
};
const xrp = (value: string) => ({ value, asset: "XRP" });
const check = {
  kind: "trust_line",
  way: "direct",
  reserve: xrp("0.2"),
  fee: xrp("0.00001"),
  balance_after: xrp("9"),
  warnings: [{ code: "unverified_token", detail: "" }],
} as unknown as OrderCheck;

function drafted(blob: string): Order {
  const hash = approvalHash([blob]);
  return {
    id: "o",
    state: "drafted",
    version: 1,
    approval_error: null,
    tries_left: null,
    retry_at: null,
    draft: {
      steps: [{ role: "trust_line", tx_blob: blob, signing_hash: hash }],
      approval_hash: hash,
      last_ledger: 20,
      fee_drops: 10,
      expires_at: "2030-01-01T00:00:00Z",
    },
  } as unknown as Order;
}

let calls: { path: string; key: string | null; body: unknown }[];
let answers: Map<string, () => Response | Promise<Response>>;
const json = (body: unknown, status = 200) => () =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

beforeEach(() => {
  calls = [];
  answers = new Map([
    ["/api/v1/orders/checks", json(check)],
    ["/api/v1/orders", json(drafted(ADDED))],
    ["/api/v1/orders/o/approve", json({ ...drafted(ADDED), state: "signing", version: 2 })],
    ["/api/v1/orders/o/cancel", json({ ...drafted(ADDED), state: "cancelled", version: 3 })],
  ]);
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : null;
    calls.push({ path, key: new Headers(init.headers).get("idempotency-key"), body });
    return Promise.resolve(answers.get(path)?.() ?? new Response(null, { status: 404 }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

async function reviewed(): Promise<TokenChange> {
  const change = new TokenChange(ME);
  await change.check(input);
  await change.draft();
  return change;
}

test("costs and warnings come before anything is drawn up, and are accepted by name", async () => {
  const change = new TokenChange(ME);
  await change.check(input);
  expect(change.state).toMatchObject({ at: "checked", check: { reserve: { value: "0.2" } } });
  expect(calls).toHaveLength(1);
  await change.draft();
  expect(change.state.at).toBe("review");
  expect(calls.at(-1)?.body).toEqual({
    kind: "trust_line",
    trust_line: input,
    accepted_warnings: ["unverified_token"],
  });
});

test("what was reviewed is approved by the hash of its own bytes", async () => {
  const change = await reviewed();
  await change.approve("123456");
  expect(change.state.at).toBe("approving");
  expect(calls.at(-1)?.body).toMatchObject({ approval_hash: approvalHash([ADDED]), sealed_pin: "sealed" });
  change.hear({ ...drafted(ADDED), state: "working", draft: null, version: 4 });
  expect(change.state.at).toBe("over");
});

test("bytes that do something else are refused and taken back", async () => {
  answers.set("/api/v1/orders", json(drafted(REMOVED)));
  const change = await reviewed();
  expect(change.state).toEqual({ at: "refused", differences: ["action"] });
  expect(calls.at(-1)?.path).toBe("/api/v1/orders/o/cancel");
});

test("a draft drawn anew is compared like the first", async () => {
  const change = await reviewed();
  await change.approve("123456");
  change.hear({ ...drafted(REMOVED), approval_error: "draft_changed", version: 3 });
  expect(change.state).toEqual({ at: "refused", differences: ["action"] });
});

test("a refused PIN leads back to the review with the tries that are left", async () => {
  const change = await reviewed();
  await change.approve("000000");
  change.hear({ ...drafted(ADDED), approval_error: "pin_wrong", tries_left: 4, version: 3 });
  expect(change.state).toMatchObject({ at: "review", problem: { code: "pin_wrong", detail: "4" } });
});

test("a lost answer is asked for again with the same key", async () => {
  const change = new TokenChange(ME);
  await change.check(input);
  answers.set("/api/v1/orders", () => Promise.reject(new TypeError("lost")));
  await change.draft();
  expect(change.state.at).toBe("asking");
  answers.set("/api/v1/orders", json(drafted(ADDED)));
  await change.check(input);
  await change.draft();
  const keys = calls.filter(({ path }) => path === "/api/v1/orders").map(({ key }) => key);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});
