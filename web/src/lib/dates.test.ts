import { expect, test } from "vitest";
import { ago, daysBetween, listTime } from "./dates";

const now = new Date(2026, 2, 4, 12, 0);

test("days are those of the calendar, not of 24 hours", () => {
  expect(daysBetween(new Date(2026, 2, 3, 23, 59), now)).toBe(1);
  expect(daysBetween(new Date(2026, 2, 4, 0, 1), now)).toBe(0);
});

test("a list shows time, day and date as they grow older", () => {
  expect(listTime("ko", new Date(2026, 2, 4, 9, 5), now)).toBe("오전 9:05");
  expect(listTime("ko", new Date(2026, 2, 3, 9, 5), now)).toBe("어제");
  expect(listTime("en", new Date(2026, 2, 3, 9, 5), now)).toBe("yesterday");
  expect(listTime("en", new Date(2026, 1, 27, 9, 5), now)).toBe("Friday");
  expect(listTime("ko", new Date(2026, 0, 5, 9, 5), now)).toBe("1월 5일");
  expect(listTime("ko", new Date(2024, 0, 5, 9, 5), now)).toBe("2024. 1. 5.");
});

test("how long ago is coarse, and never in the future", () => {
  expect(ago("ko", new Date(2026, 2, 4, 11, 55), now)).toBe("5분 전");
  expect(ago("ko", new Date(2026, 2, 4, 12, 1), now)).toBe("지금");
  expect(ago("en", new Date(2026, 2, 1, 12, 1), now)).toBe("3 days ago");
});
