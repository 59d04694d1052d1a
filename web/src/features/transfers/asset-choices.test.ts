import { expect, test } from "vitest";
import type { Token, Wallet } from "@/lib/wire";
import { arrivingChoices, spendingChoices, usualSpend } from "./asset-choices";

const token = (asset: string): Token => ({
  asset,
  code: "USD",
  issuer: "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
  verified: true,
  issuer_name: null,
  domain: null,
  scale: null,
  lookalike_of: null,
});
const MPT = `mpt.${"00AB".repeat(12)}`;
const balance = (asset: string, value: string) => ({
  balance: { value, asset },
  spendable: { value, asset },
  reserved: { value: "0", asset },
  token: asset === "XRP" ? null : token(asset),
});
const wallet = {
  balances: [balance("USD.r1", "5"), balance("XRP", "9"), balance(MPT, "3"), balance("EUR.r2", "0")],
} as unknown as Wallet;
const choices = arrivingChoices(wallet, [token("USD.r1"), token("JPY.r3")]);

test("XRP comes first, then what is held, then what can be exchanged into", () => {
  expect(choices.map(({ asset }) => asset)).toEqual(["XRP", "USD.r1", MPT, "EUR.r2", "JPY.r3"]);
});

test("it is paid with itself, or with whatever can be exchanged for it", () => {
  const with_ = (asset: string) => spendingChoices(choices, asset).map((choice) => choice.asset);
  expect(with_("EUR.r2")).toEqual(["XRP", "USD.r1", "EUR.r2"]);
  expect(with_("JPY.r3")).toEqual(["XRP", "USD.r1"]);
  expect(with_(MPT)).toEqual([MPT]);
});

test("what is not held is paid with XRP unless the person says otherwise", () => {
  expect(usualSpend(choices, "JPY.r3")).toBe("XRP");
  expect(usualSpend(choices, "USD.r1")).toBe("USD.r1");
  expect(usualSpend(choices, MPT)).toBe(MPT);
});
