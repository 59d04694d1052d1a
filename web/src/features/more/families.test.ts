import { expect, test } from "vitest";
import { familiesOf } from "./families";

test("each family stands once, in the catalogue's order", () => {
  const names = ["transfer.drafted", "transfer.settled", "wallet.activity", "transfer.failed"];
  expect(familiesOf(names.map((name) => ({ name, description: "" })))).toEqual([
    "transfer",
    "wallet",
  ]);
});
