/** What stands in for a picture. */

/** The first letter as people read it: one syllable of Hangul, one letter, one emoji. */
export function initialOf(name: string): string {
  const [first] = new Intl.Segmenter("ko", { granularity: "grapheme" }).segment(name.trim());
  return (first?.segment ?? "").toLocaleUpperCase();
}

/** A hue from 0 to 359 that is always the same for one id (FNV-1a). */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash % 360;
}
