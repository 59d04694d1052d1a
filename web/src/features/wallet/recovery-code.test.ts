import { expect, test } from "vitest";
import { grouped, makeRecoveryCode, readRecoveryCode } from "./recovery-code";

test("a code survives being written in groups, in small letters, with letters for digits", () => {
  const code = makeRecoveryCode();
  const written = grouped(code).join(" ").toLowerCase().replaceAll("0", "o").replaceAll("1", "l");
  expect(readRecoveryCode(written)).toBe(code);
});

test("a code that lacks a character, or holds a foreign one, is none", () => {
  const code = makeRecoveryCode();
  expect(readRecoveryCode(code.slice(1))).toBeNull();
  expect(readRecoveryCode(`U${code.slice(1)}`)).toBeNull();
});

test("codes differ", () => {
  expect(new Set(Array.from({ length: 100 }, makeRecoveryCode)).size).toBe(100);
});
