/**
 * The recovery code: 26 characters of Crockford's base32 (130 random bits), made on this device and
 * shown once, in groups that can be written down. Letters that look like digits are read as
 * those digits, so that handwriting does not lock anybody out.
 */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 26;

/** A new code, without spaces. */
export function makeRecoveryCode(): string {
  const random = crypto.getRandomValues(new Uint8Array(LENGTH));
  return Array.from(random, (byte) => ALPHABET.charAt(byte & 31)).join("");
}

/** In groups: five of four characters, then two of three. */
export function grouped(code: string): string[] {
  return [
    ...[0, 4, 8, 12, 16].map((start) => code.slice(start, start + 4)),
    code.slice(20, 23),
    code.slice(23),
  ];
}

/** What was typed, as a code; null if it cannot be one. */
export function readRecoveryCode(typed: string): string | null {
  const code = typed
    .toUpperCase()
    .replace(/[\s·-]/g, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  if (code.length !== LENGTH) return null;
  return Array.from(code).every((character) => ALPHABET.includes(character)) ? code : null;
}
