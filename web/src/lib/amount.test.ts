import { expect, test } from "vitest";
import {
  add,
  compare,
  dropsFromXrp,
  formatAmount,
  formatDecimal,
  subtract,
  typedDecimal,
  xrpFromDrops,
} from "./amount";

test("sums that floats get wrong are exact", () => {
  expect(add("0.1", "0.2")).toBe("0.3");
  expect(subtract("100000000000", "0.000001")).toBe("99999999999.999999");
  expect(subtract("1", "1.5")).toBe("-0.5");
});

test("comparison minds the value, not the writing", () => {
  expect(compare("1.0", "1")).toBe(0);
  expect(compare("9007199254740993", "9007199254740992")).toBeGreaterThan(0);
  expect(compare("-1", "0.5")).toBeLessThan(0);
});

test("drops and XRP turn into each other without loss", () => {
  expect(xrpFromDrops(1)).toBe("0.000001");
  expect(xrpFromDrops("100000000000000000")).toBe("100000000000");
  expect(dropsFromXrp("0.000001")).toBe(1n);
  expect(dropsFromXrp("12.5")).toBe(12_500_000n);
  expect(() => dropsFromXrp("0.0000001")).toThrow(RangeError);
});

test.each([
  ["1,234.50", "1234.5"],
  [".5", "0.5"],
  ["5.", "5"],
  ["007", "7"],
  ["0", "0"],
])("what is typed as %s means %s", (typed, meant) => {
  expect(typedDecimal(typed)).toBe(meant);
});

test.each(["", ".", "-1", "1e5", "NaN", "1.0000001", "1.2.3", "१"])("%s is no amount", (typed) => {
  expect(typedDecimal(typed)).toBeNull();
});

test("amounts are shown grouped and whole", () => {
  expect(formatDecimal("1234567.000001")).toBe("1,234,567.000001");
  expect(formatAmount({ value: "1000", asset: "XRP" })).toBe("1,000 XRP");
});

const ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";

test("a token is never shown without its issuer, so that none passes for another", () => {
  expect(formatAmount({ value: "1000", asset: `USD.${ISSUER}` })).toBe("1,000 USD · rHb9…tyTh");
  expect(formatAmount({ value: "5", asset: `xrp.${ISSUER}` })).not.toBe("5 xrp");
  const rlusd = `524C555344000000000000000000000000000000.${ISSUER}`;
  expect(formatAmount({ value: "5", asset: rlusd })).toBe("5 RLUSD · rHb9…tyTh");
  expect(formatAmount({ value: "5", asset: `mpt.${"00AB".repeat(12)}` })).toBe("5 MPT 00AB…00AB");
});

test("a code that holds no plain text is shown as its digits", () => {
  const hidden = `55E2808B5344${"0".repeat(28)}.${ISSUER}`;
  expect(formatAmount({ value: "5", asset: hidden })).toBe("5 55E2…0000 · rHb9…tyTh");
});
