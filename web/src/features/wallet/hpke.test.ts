import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";
import { expect, test } from "vitest";
import { concat, fromBase64url, toBase64url, uuidBytes } from "@/lib/bytes";
import { seal } from "./hpke";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const me = uuidBytes("01890a5d-ac96-774b-bcce-b302099a8057");

async function worker() {
  const pair = await suite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
  const open = async (sealed: string, purpose: string, context: Uint8Array) => {
    const bytes = fromBase64url(sealed);
    const recipient = await suite.createRecipientContext({
      recipientKey: pair.privateKey,
      enc: bytes.slice(0, 32).buffer,
      info: concat(new TextEncoder().encode(`talktalk/${purpose}:`), context).buffer,
    });
    return new TextDecoder().decode(await recipient.open(bytes.slice(32).buffer));
  };
  return { key: { id: "k", public_key: toBase64url(publicKey) }, open };
}

test("the worker opens what was sealed for it", async () => {
  const { key, open } = await worker();
  const sealed = await seal(key, "pin.set", me, "123456");
  expect(await open(sealed, "pin.set", me)).toBe("123456");
});

test("what was sealed for one purpose or person opens for no other", async () => {
  const { key, open } = await worker();
  const sealed = await seal(key, "pin.set", me, "123456");
  await expect(open(sealed, "recovery.pin", me)).rejects.toThrow();
  await expect(open(sealed, "pin.set", me.map((byte) => byte ^ 1))).rejects.toThrow();
});

test("the same PIN never looks the same twice", async () => {
  const { key } = await worker();
  expect(await seal(key, "pin.set", me, "123456")).not.toBe(await seal(key, "pin.set", me, "123456"));
});
