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
  expect(formatAmount({ value: "1000", asset: "USD.rIssuer" })).toBe("1,000 USD");
});
