import { expect, test } from "vitest";
import { readAddress } from "./address";

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
