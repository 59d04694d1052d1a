import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { queryClient } from "@/lib/query";
import type { Transfer, TransferCheck, Wallet } from "@/lib/wire";
import { Payment, type PaymentInput } from "./payment";
import { rememberPayee } from "./payees";

vi.mock("@/features/wallet", () => ({
  walletKeys: { wallet: ["wallet"] },
  workerKey: () => Promise.resolve({ id: "k", public_key: "" }),
  seal: () => Promise.resolve("sealed"),
}));

const FROM = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf";
const TO = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";
const BLOB =
  "12000024000000012E00000007201B000000146140000000000F424068400000000000000A7321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E8";
const HASH = "321D191FFDC53C9701B0C057940DBE93C46CFF95ED225188C3144D6AD9F6660F";

const wallet = { address: FROM } as Wallet;
const input: PaymentInput = {
  payee: { address: TO, tag: 7 },
  value: "1",
  asset: "XRP",
  spendAsset: "XRP",
  note: "",
  memo: "",
  roomId: null,
};
const check: TransferCheck = {
  amount: { value: "1", asset: "XRP" },
  spend: { value: "1", asset: "XRP" },
  quote_expires_at: null,
  fee: { value: "0.00001", asset: "XRP" },
  recipient: null,
  address: TO,
  creates_account: false,
  exchange: null,
  warnings: [],
  balance_after: { value: "9", asset: "XRP" },
};
const drafted = {
  id: "t",
  state: "drafted",
  version: 1,
  recipient: null,
  address: TO,
  amount: { value: "1", asset: "XRP" },
  spend: { value: "1", asset: "XRP" },
  quote_expires_at: null,
  approval_error: null,
  tries_left: null,
  retry_at: null,
  draft: { tx_blob: BLOB, signing_hash: HASH, last_ledger: 20, fee_drops: 10, expires_at: "2030-01-01T00:00:00Z", credential_ids: [] },
} as unknown as Transfer;

interface Call {
  path: string;
  key: string | null;
}
let calls: Call[];
let bodies: unknown[];
let answers: Map<string, () => Response | Promise<Response>>;

const json = (body: unknown, status = 200) => () =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

beforeEach(() => {
  calls = [];
  bodies = [];
  answers = new Map([
    ["/api/v1/transfers/checks", json(check)],
    ["/api/v1/transfers", json(drafted)],
    ["/api/v1/transfers/t/approve", json({ ...drafted, state: "signing", version: 2 })],
    ["/api/v1/transfers/t/cancel", json({ ...drafted, state: "cancelled", version: 3 })],
    ["/api/v1/transfers/t", json(drafted)],
  ]);
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    if (typeof init.body === "string") bodies.push(JSON.parse(init.body));
    calls.push({ path, key: new Headers(init.headers).get("idempotency-key") });
    return Promise.resolve(answers.get(path)?.() ?? new Response(null, { status: 404 }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

const keys = () => calls.filter(({ path }) => path === "/api/v1/transfers").map(({ key }) => key);

test("an agreed payment is reviewed, approved and sent", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  expect(payment.state.at).toBe("review");
  await payment.approve("123456");
  expect(payment.state.at).toBe("approving");
  payment.hear({ ...drafted, state: "submitted", draft: null, version: 4 });
  expect(payment.state.at).toBe("sent");
});

test("bytes that pay more than was asked are refused and taken back", async () => {
  const payment = new Payment("me", wallet);
  await payment.check({ ...input, value: "0.9" });
  expect(payment.state).toEqual({ at: "refused", differences: ["amount"] });
  expect(calls.at(-1)?.path).toBe("/api/v1/transfers/t/cancel");
});

const USD = "USD.rLHzPsX6oXkzU2qL12kHCH8G8cnZv1rBJh";
const EXCHANGE =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A694000000001C9C3807321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E80112300000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB800";
const DEARER =
  "12000022000000002400000007201B0000001461D4C470DE4DF820000000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB868400000000000000A694000000001D905C07321EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F1563038114AA066C988C712815CC37AF71472B7CBBBD4E2A0A8314B5F762798A53D543A014CAF8B297CFF8F2F937E80112300000000000000000000000005553440000000000D3A0F1993876211F413D4EDF0A70CEE0C8212DB800";
const DEARER_HASH = "CC0621ABF9AA42FB07F5EF4C6570E8BB119F0732EA0FEAF34700A7D57635CB88";
const exchange: PaymentInput = { ...input, payee: { address: TO, tag: null }, value: "12.5", asset: USD };
const priced = {
  ...drafted,
  amount: { value: "12.5", asset: USD },
  spend: { value: "30", asset: "XRP" },
  quote_expires_at: "2030-01-01T00:00:00Z",
  draft: drafted.draft && { ...drafted.draft, tx_blob: EXCHANGE, signing_hash: "4F3DEFF7032A402936DF181D9FD85AD9629E8690B84A12EA0F999E61222E0252" },
};

test("an exchange is reviewed with what leaves at most, and asked for by both assets", async () => {
  answers.set("/api/v1/transfers", json(priced));
  const payment = new Payment("me", wallet);
  await payment.check(exchange);
  expect(payment.state).toMatchObject({
    at: "review",
    reviewed: { decoded: { sendMax: { value: "30", asset: "XRP" }, amount: { value: "12.5" } } },
  });
  expect(bodies.at(-1)).toMatchObject({ amount: { value: "12.5", asset: USD }, spend_asset: "XRP" });
});

test("a draft made anew may not cost more than what was looked at", async () => {
  answers.set("/api/v1/transfers", json(priced));
  const payment = new Payment("me", wallet);
  await payment.check(exchange);
  await payment.approve("123456");
  // The record follows the bytes, so that only what the person has seen tells them apart.
  payment.hear({
    ...priced,
    approval_error: "draft_changed",
    version: 3,
    draft: priced.draft && { ...priced.draft, tx_blob: DEARER, signing_hash: DEARER_HASH },
    spend: { value: "31", asset: "XRP" },
  });
  expect(payment.state).toEqual({ at: "refused", differences: ["spend"] });
});

test("an exchange that grew old is priced anew", async () => {
  answers.set("/api/v1/transfers", json(priced));
  const payment = new Payment("me", wallet);
  await payment.check(exchange);
  await payment.renew();
  expect(payment.state.at).toBe("review");
  expect(calls.filter(({ path }) => path.endsWith("/checks"))).toHaveLength(2);
});

test("a lost answer is asked for again with the same key", async () => {
  const payment = new Payment("me", wallet);
  answers.set("/api/v1/transfers", () => Promise.reject(new TypeError("lost")));
  await payment.check(input);
  expect(payment.state.at).toBe("compose");
  answers.set("/api/v1/transfers", json(drafted));
  await payment.check(input);
  expect(payment.state.at).toBe("review");
  expect(keys()).toHaveLength(2);
  expect(keys()[0]).toBe(keys()[1]);
});

test("another amount is another intent", async () => {
  const payment = new Payment("me", wallet);
  answers.set("/api/v1/transfers", () => Promise.reject(new TypeError("lost")));
  await payment.check(input);
  await payment.check({ ...input, value: "2" });
  expect(keys()[0]).not.toBe(keys()[1]);
});

test("a refused PIN leads back to the review with the tries that are left", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  await payment.approve("000000");
  payment.hear({ ...drafted, approval_error: "pin_wrong", tries_left: 4, version: 3 });
  expect(payment.state).toMatchObject({ at: "review", problem: { code: "pin_wrong", detail: "4" } });
});

test("a draft drawn anew is reviewed by its own bytes", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  await payment.approve("123456");
  // What is offered now does not agree with its bytes: the old review must not stand for it.
  const { draft } = drafted;
  payment.hear({
    ...drafted,
    approval_error: "draft_expired",
    version: 3,
    draft: draft && { ...draft, last_ledger: draft.last_ledger + 40 },
  });
  expect(payment.state).toEqual({ at: "refused", differences: ["expiry"] });
});

test("an approval of a draft that has changed looks at the draft again", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  answers.set("/api/v1/transfers/t/approve", json({ code: "draft_changed", title: "", status: 409 }, 409));
  answers.set("/api/v1/transfers/t", json({ ...drafted, version: 7 }));
  await payment.approve("123456");
  expect(payment.state).toMatchObject({
    at: "review",
    reviewed: { transfer: { version: 7 } },
    problem: { code: "draft_changed" },
  });
});

test("an approval whose answer is lost is not tried again but looked up", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  answers.set("/api/v1/transfers/t/approve", () => Promise.reject(new TypeError("lost")));
  answers.set("/api/v1/transfers/t", json({ ...drafted, state: "settled", draft: null, version: 5 }));
  await payment.approve("123456");
  expect(payment.state.at).toBe("sent");
  expect(calls.filter(({ path }) => path.endsWith("/approve"))).toHaveLength(1);
});

test("closing the sheet takes the draft back", async () => {
  const payment = new Payment("me", wallet);
  await payment.check(input);
  payment.discard();
  expect(calls.at(-1)?.path).toBe("/api/v1/transfers/t/cancel");
});

test("a friend whose address has changed is warned about", async () => {
  rememberPayee("me", "friend", FROM);
  const person = { id: "friend", name: "Mina", picture_url: null };
  answers.set("/api/v1/transfers/checks", json({ ...check, recipient: person }));
  const payment = new Payment("me", wallet);
  await payment.check({ ...input, payee: { person } });
  expect(payment.state.at).toBe("warned");
  expect(payment.payeeIsOther).toBe(true);
});
