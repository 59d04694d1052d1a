/** The card a message carries, as far as chat knows it: an object whose owner may give it a version. */
import type * as W from "@/lib/wire";

export type Card = Readonly<Record<string, unknown>>;

/** A message's card; the generated type of a free object is too narrow to read. */
export function cardOf(message: W.Message): Card | null {
  return message.card;
}

/** Of two states of one card the one that is further on; `later` where neither says. */
export function newerCard(earlier: Card | null, later: Card): Card {
  if (earlier === null) return later;
  const [a, b] = [earlier.version, later.version];
  return typeof a === "number" && typeof b === "number" && a > b ? earlier : later;
}

/** The message with its card turned; the same object where nothing changes. */
export function turned(message: W.Message, card: Card): W.Message {
  const newer = newerCard(cardOf(message), card);
  return newer === cardOf(message) ? message : { ...message, card: newer as W.Message["card"] };
}
