import { expect, test } from "vitest";
import { formatPhone, formatTyped, guessRegion, looksComplete, regionChoices } from "./phone";

test("a number is formatted as it is typed", () => {
  expect(formatTyped("01012345678", "KR")).toBe("010-1234-5678");
  expect(formatTyped("010-12", "KR")).toBe("010-12");
  expect(formatTyped("+14155552671", "KR")).toBe("+1 415 555 2671");
});

test("a number can be possible only when whole", () => {
  expect(looksComplete("010-1234-5678", "KR")).toBe(true);
  expect(looksComplete("010-123", "KR")).toBe(false);
  expect(looksComplete("", "KR")).toBe(false);
});

test("the country is guessed from place, then language, then home", () => {
  expect(guessRegion("Asia/Seoul", ["en-US"])).toBe("KR");
  expect(guessRegion("America/New_York", ["en", "en-US"])).toBe("US");
  expect(guessRegion("Etc/UTC", ["ko"])).toBe("KR");
});

test("Korea stands first, everyone once", () => {
  const choices = regionChoices("ko");
  expect(choices[0]).toEqual({ region: "KR", name: "대한민국", calling: "+82" });
  expect(new Set(choices.map(({ region }) => region)).size).toBe(choices.length);
});

test("known numbers read as at home, foreign ones with their country", () => {
  expect(formatPhone("+821012345678")).toBe("010-1234-5678");
  expect(formatPhone("+14155552671")).toBe("+1 415 555 2671");
});
