import { expect, test } from "vitest";
import type { Friend } from "@/lib/wire";
import { byName, matches } from "./order";

const friend = (name: string, id = name): Friend => ({
  person: { id, name, picture_url: null },
  since: "2026-03-04T00:00:00Z",
  online: false,
  last_seen_at: null,
});

test("friends stand as the language sorts, and never jump between equal names", () => {
  const names = byName(["준", "Zoe", "가람", "anna"].map((name) => friend(name)), "ko");
  expect(names.map(({ person }) => person.name)).toEqual(["가람", "준", "anna", "Zoe"]);
  const twins = [friend("미나", "b"), friend("미나", "a")];
  expect(byName(twins, "ko").map(({ person }) => person.id)).toEqual(["a", "b"]);
});

test.each([
  ["미나", "ㅁㄴ"],
  ["김미나", "미나"],
  ["Anna Kim", "annak"],
  ["미나".normalize("NFD"), "미"],
  ["준", ""],
])("%s is found by “%s”", (name, wanted) => {
  expect(matches(name, wanted)).toBe(true);
});

test("another name is not found", () => {
  expect(matches("미나", "준")).toBe(false);
  expect(matches("미나", "ㄴㅁ")).toBe(false);
});
