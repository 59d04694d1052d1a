/** What stands in for a picture. */

const graphemes = new Intl.Segmenter("ko", { granularity: "grapheme" });

/** The first letter as people read it: one syllable of Hangul, one letter, one emoji. */
export function initialOf(name: string): string {
  const [first] = graphemes.segment(name.trim());
  return (first?.segment ?? "").toLocaleUpperCase();
}

const HUES = 24;

/** One of 24 hues, in degrees, always the same for one id (FNV-1a, its bits mixed once more). */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (((hash ^ (hash >>> 15)) >>> 0) % HUES) * (360 / HUES);
}
