import { expect, test } from "vitest";
import { readAddress, readPaymentText } from "./address";

const GENESIS = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";

test.each([
  [GENESIS, { address: GENESIS, tag: null }],
  [` ${GENESIS}\n`, { address: GENESIS, tag: null }],
  ["XVPcpSm47b1CZkf5AkKM9a84dQHe3mTAxgxfLw2qYoe7Boa", { address: GENESIS, tag: 12345 }],
  [`xrpl:${GENESIS}?dt=0`, { address: GENESIS, tag: 0 }],
  [`ripple:${GENESIS}?amount=1&tag=9`, { address: GENESIS, tag: 9 }],
])("reads %s", (text, read) => {
  expect(readAddress(text)).toEqual(read);
});

test.each([
  "",
  "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi",
  `xrpl:${GENESIS}?dt=4294967296`,
  "xrpl:XVPcpSm47b1CZkf5AkKM9a84dQHe3mTAxgxfLw2qYoe7Boa?dt=1",
  "https://example.org",
])("refuses %s", (text) => {
  expect(readAddress(text)).toBeNull();
});

test.each([
  [`xrpl:${GENESIS}?dt=7&amount=2.5&memo=tea%20%26%20cake`, { tag: 7, value: "2.5", memo: "tea & cake" }],
  [`https://ripple.com//send?to=${GENESIS}&dt=1&amount=3`, { tag: 1, value: "3", memo: "" }],
  [`xrpl:${GENESIS}?amount=3&currency=USD&issuer=${GENESIS}`, { tag: null, value: null, memo: "" }],
  [`${GENESIS}?tag=9&label=Shop`, { tag: 9, value: null, memo: "" }],
])("reads what %s proposes", (text, proposed) => {
  expect(readPaymentText(text)).toEqual({ address: GENESIS, ...proposed });
});

test.each([
  `xrpl:${GENESIS}?dt=1&dt=1`,
  `xrpl:${GENESIS}?dt=1&tag=2`,
  `xrpl:${GENESIS}?amount=1e3`,
  `xrpl:${GENESIS}?amount=0`,
  `https://ripple.com.example.org/send?to=${GENESIS}`,
  `https://example.org/send?to=${GENESIS}`,
  "x".repeat(3000),
])("refuses what contradicts itself: %s", (text) => {
  expect(readPaymentText(text)).toBeNull();
});
