/** Transactions as bytes: their fields, and the hashes by which they are signed and approved. */
import { sha512 } from "@noble/hashes/sha2.js";
import { decode, encode } from "ripple-binary-codec";
import { concat, hexBytes } from "@/lib/bytes";

/** Prefix of a single signature: “STX” and a zero byte. */
const SIGNING_PREFIX = hexBytes("53545800");

/** Prefix under which several transactions are approved as one; none of the ledger's. */
const APPROVAL_PREFIX = hexBytes("54544100");

/** SHA-512Half of the signing prefix and the serialised transaction, in capitals. */
export function signingHash(txBlob: string): string {
  return half(concat(SIGNING_PREFIX, hexBytes(txBlob)));
}

/** How one approval names these unsigned transactions, in their order; see `talktalk_wire.orders`. */
export function approvalHash(txBlobs: readonly string[]): string {
  const hashes = txBlobs.map(signingHash);
  const [only] = hashes;
  if (only !== undefined && hashes.length === 1) return only;
  return half(concat(APPROVAL_PREFIX, ...hashes.map(hexBytes)));
}

function half(bytes: Uint8Array): string {
  const digest = sha512(bytes).slice(0, 32);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

/** The fields of a transaction in its one canonical form; null of bytes that are none. */
export function readFields(txBlob: string): Record<string, unknown> | null {
  try {
    const fields = decode(txBlob);
    return encode(fields) === txBlob.toUpperCase() ? fields : null;
  } catch {
    return null;
  }
}
