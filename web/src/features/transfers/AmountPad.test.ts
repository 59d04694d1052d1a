import { expect, test } from "vitest";
import { pressed } from "./AmountPad";

const typed = (keys: string) => Array.from(keys).reduce(pressed, "");

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
