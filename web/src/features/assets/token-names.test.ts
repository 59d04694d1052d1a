import { expect, test } from "vitest";
import { assetFrom } from "./token-names";

const ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";

test.each([
  ["USD", `USD.${ISSUER}`],
  [" usd ", `usd.${ISSUER}`],
  ["RLUSD", `524C555344${"0".repeat(30)}.${ISSUER}`],
  [`524c555344${"0".repeat(30)}`, `524C555344${"0".repeat(30)}.${ISSUER}`],
])("the code %s names a token with its issuer", (code, asset) => {
  expect(assetFrom(code, ISSUER)).toBe(asset);
});

test("an MPT is named by its id alone", () => {
  expect(assetFrom("00ab".repeat(12), "")).toBe(`mpt.${"00AB".repeat(12)}`);
});

test.each([
  ["XRP", ISSUER],
  ["xrp", ISSUER],
  ["US", ISSUER],
  ["USD", ""],
  ["USD", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"],
  [`0000${"1".repeat(36)}`, ISSUER],
  ["코인코인", ISSUER],
])("%s of %s names none", (code, issuer) => {
  expect(assetFrom(code, issuer)).toBeNull();
});
