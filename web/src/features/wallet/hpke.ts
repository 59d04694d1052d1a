/**
 * Seals what a person types (PIN, recovery code) to the worker's public key, so that the web server
 * passes it on and cannot read it. HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. `info` binds purpose and context: what was sealed for one payment,
 * person or purpose opens for no other.
 */
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";
import { concat, fromBase64url, toBase64url } from "@/lib/bytes";
import type { WorkerKey } from "@/lib/wire";

export type Purpose =
  | "pin.set"
  | "recovery.set"
  | "recovery.pin"
  | "recovery.use"
  | "recovery.consent"
  | "transfer.approve"
  | "order.approve";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** `secret` sealed to `key`: base64url of the 32-byte encapsulated key and the ciphertext. */
export async function seal(
  key: WorkerKey,
  purpose: Purpose,
  context: Uint8Array,
  secret: string,
): Promise<string> {
  const utf8 = new TextEncoder();
  const recipientPublicKey = await suite.kem.deserializePublicKey(fromBase64url(key.public_key).buffer);
  const info = concat(utf8.encode(`talktalk/${purpose}:`), context).buffer;
  const sender = await suite.createSenderContext({ recipientPublicKey, info });
  const ciphertext = await sender.seal(concat(utf8.encode(secret)).buffer);
  return toBase64url(concat(new Uint8Array(sender.enc), new Uint8Array(ciphertext)));
}
