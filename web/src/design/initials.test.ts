import { expect, test } from "vitest";
import { hueOf, initialOf } from "./initials";

test.each([
  ["김하늘", "김"],
  ["  mina", "M"],
  ["👩‍👩‍👧 가족", "👩‍👩‍👧"],
  ["", ""],
])("%s is shown as %s", (name, initial) => {
  expect(initialOf(name)).toBe(initial);
});

test("one id keeps its colour, neighbours get others", () => {
  const ids = Array.from({ length: 100 }, (_, n) => `0195a000-0000-7000-8000-${String(n).padStart(12, "0")}`);
  const hues = ids.map(hueOf);
  expect(hues).toEqual(ids.map(hueOf));
  expect(new Set(hues).size).toBeGreaterThan(16);
});
