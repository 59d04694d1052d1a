/**
 * What people wrote, made safe to show: parts that are text and parts that are links, and nothing
 * that could rearrange what stands around them.
 */

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

/** The longest message, in characters as the server counts them (code points). */
export const BODY_LENGTH_MAX = 8_000;

/**
 * Characters that embed, override or isolate the direction of what follows: LRE, RLE, PDF, LRO, RLO
 * and the isolates. Each paragraph gets its direction from its own letters (`dir="auto"`), so
 * nothing honest needs them, and “gpj.exe” must not read as “exe.jpg”.
 */
const DIRECTION_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;
/** Control characters besides tab and newline; the database takes no NUL. */
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu;
/** Half of a character; the wire is UTF-8, which has no halves. */
const LONE_SURROGATES = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** More marks on one letter than any script stacks: they would paint over the lines around. */
const STACKED_MARKS = /(\p{M}{8})\p{M}+/gu;

/** A text without what would disturb its surroundings. */
export function calm(text: string): string {
  return text.replaceAll(DIRECTION_CONTROLS, "").replaceAll(STACKED_MARKS, "$1");
}

/** What is typed, as it is sent: the same text without what cannot be stored, trimmed. */
export function sendable(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(CONTROLS, "")
    .replaceAll(LONE_SURROGATES, "\uFFFD")
    .trim();
}

/** Characters as the server counts them. */
export function lengthOf(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // The second half of a pair is not counted.
    if (unit < 0xdc00 || unit > 0xdfff) length += 1;
  }
  return length;
}

const URL_LIKE = /\bhttps?:\/\/[^\s<>"“”‘’«»]+/giu;
/** What ends a sentence is not part of the address before it. */
const TRAILING = /[.,:;!?…'")\]}）」』】。、，]+$/u;

/** The parts of a message. A link shows exactly what it leads to; only http and https lead anywhere. */
export function partsOf(text: string): Part[] {
  const shown = calm(text);
  const parts: Part[] = [];
  let at = 0;
  for (const match of shown.matchAll(URL_LIKE)) {
    const found = trimmedLink(match[0]);
    const href = hrefOf(found);
    if (href === null) continue;
    if (match.index > at) parts.push({ kind: "text", text: shown.slice(at, match.index) });
    parts.push({ kind: "link", text: found, href });
    at = match.index + found.length;
  }
  if (at < shown.length) parts.push({ kind: "text", text: shown.slice(at) });
  return parts;
}

/** A closing bracket belongs to the address when the address opened it. */
function trimmedLink(found: string): string {
  let link = found;
  for (;;) {
    const tail = TRAILING.exec(link)?.[0];
    if (tail === undefined) return link;
    const last = link.at(-1);
    if (last === ")" && count(link, "(") >= count(link, ")")) return link;
    link = link.slice(0, -1);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function hrefOf(link: string): string | null {
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return null;
  }
  // An address with a name before the host reads as another host than it leads to.
  if (url.username !== "" || url.password !== "") return null;
  return url.hostname.includes(".") || url.hostname === "localhost" ? url.href : null;
}

const EMOJI_MAX = 6;
const EMOJI = new RegExp(
  "^(?:\\p{RGI_Emoji}|\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\uFE0F?)$",
  "v",
);
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** How many emoji a message is made of, if of nothing else and of few; else 0. */
export function emojiCount(text: string): number {
  if (text.length > EMOJI_MAX * 16) return 0;
  let emoji = 0;
  for (const { segment } of graphemes.segment(text.trim())) {
    if (/^\s+$/.test(segment)) continue;
    if (!EMOJI.test(segment)) return 0;
    emoji += 1;
  }
  return emoji > EMOJI_MAX ? 0 : emoji;
}
