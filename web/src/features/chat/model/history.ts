/**
 * A room's past as far as it has been read: one unbroken run of events, and the messages in it.
 *
 * Pure. `append` takes what comes after the run, `prepend` the page before it; both ignore what is
 * known already, so that a page that is read twice changes nothing.
 */
import type * as W from "@/lib/wire";
import { type Card, newerCard, turned } from "./cards";

export interface History {
  /** Seq of the oldest event of the run; `to + 1` while it is empty. */
  readonly from: number;
  /** Seq of the newest event of the run. */
  readonly to: number;
  /** Ascending by `seq`. */
  readonly messages: readonly W.Message[];
  /** Whether nothing comes before the run. */
  readonly complete: boolean;
  /** Cards that turned, by message, for messages that are older than the run. */
  readonly turnedBefore: ReadonlyMap<string, Card>;
}

/** An empty run just after the event `to`. */
export function emptyHistory(to: number): History {
  return { from: to + 1, to, messages: [], complete: to === 0, turnedBefore: new Map() };
}

/** What a `card` event says; null for any other. */
export function turnOf(event: W.RoomEvent): { messageId: string; card: Card } | null {
  if (event.kind !== "card" || event.target_id === null || event.data === null) return null;
  return { messageId: event.target_id, card: event.data };
}

/**
 * The run with the next events.
 *
 * @throws RangeError where they do not follow without a gap: the caller keeps order.
 */
export function append(history: History, events: readonly W.RoomEvent[]): History {
  let { to } = history;
  let messages: W.Message[] | null = null;
  let turnedBefore: Map<string, Card> | null = null;
  for (const event of events) {
    if (event.seq <= to) continue;
    if (event.seq !== to + 1) throw new RangeError(`event ${event.seq} does not follow ${to}`);
    to = event.seq;
    if (event.message !== null) {
      messages ??= [...history.messages];
      messages.push(event.message);
    }
    const turn = turnOf(event);
    if (turn === null) continue;
    const at = indexOfId(messages ?? history.messages, turn.messageId);
    const message = at === -1 ? undefined : (messages ?? history.messages)[at];
    if (message !== undefined) {
      messages ??= [...history.messages];
      messages[at] = turned(message, turn.card);
    } else {
      turnedBefore ??= new Map(history.turnedBefore);
      turnedBefore.set(
        turn.messageId,
        newerCard(turnedBefore.get(turn.messageId) ?? null, turn.card),
      );
    }
  }
  if (to === history.to) return history;
  return {
    ...history,
    to,
    messages: messages ?? history.messages,
    turnedBefore: turnedBefore ?? history.turnedBefore,
  };
}

/**
 * The run with the page before it, ascending.
 *
 * @param complete - Whether nothing comes before the page.
 */
export function prepend(
  history: History,
  page: readonly W.RoomEvent[],
  complete: boolean,
): History {
  const before = page.filter((event) => event.seq < history.from);
  const older: W.Message[] = [];
  const turnedBefore = new Map(history.turnedBefore);
  const turns = new Map<string, Card>();
  for (const event of before) {
    if (event.message !== null) older.push(event.message);
    const turn = turnOf(event);
    if (turn === null) continue;
    turns.set(turn.messageId, newerCard(turns.get(turn.messageId) ?? null, turn.card));
  }
  // What the page itself says comes first, what later events said comes on top of it.
  for (const [messageId, card] of turns) {
    turnedBefore.set(messageId, newerCard(card, turnedBefore.get(messageId) ?? card));
  }
  const messages = older.map((message) => {
    const card = turnedBefore.get(message.id);
    if (card === undefined) return message;
    turnedBefore.delete(message.id);
    return turned(message, card);
  });
  return {
    ...history,
    from: before[0]?.seq ?? history.from,
    messages: messages.length === 0 ? history.messages : [...messages, ...history.messages],
    complete: complete || history.complete,
    turnedBefore,
  };
}

/** Cards turn soon after they were posted: look from the newest. */
function indexOfId(messages: readonly W.Message[], id: string): number {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    if (messages[index]?.id === id) return index;
  }
  return -1;
}
