import { expect, test } from "vitest";
import { countOf, EVERYTHING, queryOf, tableAddress } from "./activity-filter";

test("everything asks for nothing in particular", () => {
  expect(queryOf(EVERYTHING)).toEqual({});
  expect(queryOf({ ...EVERYTHING, search: "  " })).toEqual({});
  expect(countOf(EVERYTHING)).toBe(0);
});

test("a day lasts from its first midnight here to the next", () => {
  const { since, until } = queryOf({ ...EVERYTHING, from: "2026-10-31", to: "2026-10-31" });
  expect(since).toBe(new Date(2026, 9, 31).toISOString());
  expect(until).toBe(new Date(2026, 10, 1).toISOString());
});

test("the table is narrowed as the list is", () => {
  const filter = { ...EVERYTHING, direction: "out", search: "점심 & co", state: "failed" } as const;
  const address = new URL(tableAddress(filter), "https://talk.example");
  expect(Object.fromEntries(address.searchParams)).toEqual({
    direction: "out",
    q: "점심 & co",
    state: "failed",
    excel: "true",
  });
  expect(countOf(filter)).toBe(1);
});
