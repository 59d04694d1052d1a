import { expect, test } from "vitest";
import { pressed } from "./AmountPad";

const typed = (keys: string, asset?: string) =>
  Array.from(keys).reduce((text, key) => pressed(text, key, asset), "");

test.each([
  ["12.5", "12.5"],
  [".5", "0.5"],
  ["007", "7"],
  ["1.2.3", "1.23"],
  ["1.1234567", "1.123456"],
  ["123456789012", "12345678901"],
  ["12⌫3", "13"],
])("pressing %s makes %s", (keys, value) => {
  expect(typed(keys)).toBe(value);
});

test("a token takes more digits, and an MPT no point", () => {
  expect(typed("0.123456789012345", "USD.rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh")).toBe("0.123456789012345");
  expect(typed("12.5", `mpt.${"00AB".repeat(12)}`)).toBe("125");
});
