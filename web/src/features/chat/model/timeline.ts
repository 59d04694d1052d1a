/**
 * What a room shows, top to bottom: day dividers, the unread divider, bubbles in groups, notices.
 *
 * Pure, and frugal: rows come in blocks of bounded size that keep their place whatever is put before
 * or after them, and `timeline(input, before)` hands back the very blocks and rows of the timeline
 * before where what they are drawn from did not change. A new message in a room of thousands costs one
 * block.
 */
import { dayOf } from "@/lib/dates";
import type * as W from "@/lib/wire";
import type { Delivery, Outgoing } from "./outbox";
import { notReadBy, otherCursors } from "./room-entry";

interface RowBase {
  /** Never changes for one thing, also when it turns from outgoing into posted. */
  readonly key: string;
}

export type Row =
  | (RowBase & { readonly kind: "day"; readonly at: string })
  | (RowBase & { readonly kind: "unread" })
  | (RowBase & { readonly kind: "notice"; readonly message: W.Message })
  | BubbleRow;

/** Where a bubble stands in its group: same sender, same minute, nothing between. */
export interface BubbleRow extends RowBase {
  readonly kind: "bubble";
  readonly senderId: string;
  readonly mine: boolean;
  readonly body: string;
  readonly at: string;
  /** Posted; null while it is on its way. */
  readonly message: W.Message | null;
  readonly outgoing: { readonly clientId: string; readonly delivery: Delivery } | null;
  readonly first: boolean;
  readonly last: boolean;
  /** How many of the others have not read it; null where that is not shown. */
  readonly unreadBy: number | null;
}

export interface Block {
  readonly key: string;
  readonly rows: readonly Row[];
}

export interface Timeline {
  readonly blocks: readonly DrawnBlock[];
}

export interface TimelineInput {
  readonly room: W.Room | null;
  readonly myId: string;
  readonly messages: readonly W.Message[];
  readonly outgoing: readonly Outgoing[];
  /** My cursor when the room was opened: the divider stands after it. Null: none. */
  readonly dividerAfter: number | null;
}

/** Everything a block is drawn from; the same source gives the same block. */
interface Source {
  readonly messages: readonly W.Message[];
  /** What stands before and after decides where groups and days begin and end. */
  readonly previous: W.Message | null;
  readonly next: W.Message | null;
  readonly divided: W.Message | null;
  readonly outgoing: readonly Outgoing[];
  /** The cursors that make a difference between the block's messages. */
  readonly cursors: string;
  readonly myId: string;
}

interface DrawnBlock extends Block {
  readonly source: Source;
}

export const EMPTY_TIMELINE: Timeline = { blocks: [] };

/** Positions that share a block. */
const BLOCK = 32;
const NOTHING_OUTGOING: readonly Outgoing[] = [];

export function timeline(input: TimelineInput, before: Timeline): Timeline {
  const { messages, myId } = input;
  const known = new Map(before.blocks.map((block) => [block.key, block]));
  const cursors = input.room === null ? [] : otherCursors(input.room, myId);
  const divided = dividedBy(input);
  const outgoing = notPosted(input);
  const blocks: DrawnBlock[] = [];
  let start = 0;
  do {
    const number = blockOf(messages[start]);
    let end = start;
    while (end < messages.length && blockOf(messages[end]) === number) end += 1;
    const key = String(number);
    const next = messages[end] ?? null;
    const source: Source = {
      messages: messages.slice(start, end),
      previous: messages[start - 1] ?? null,
      next,
      divided: divided === next || blockOf(divided ?? undefined) === number ? divided : null,
      outgoing: end === messages.length ? outgoing : NOTHING_OUTGOING,
      cursors: cursorsWithin(cursors, messages[start], messages[end - 1]),
      myId,
    };
    const old = known.get(key) ?? null;
    blocks.push(old !== null && sameSource(old.source, source) ? old : draw(key, source, cursors, old));
    start = end;
  } while (start < messages.length);
  return sameList(blocks, before.blocks) ? before : { blocks };
}

/** Remembers what was drawn last; the rows are the same with or without. */
export class TimelineView {
  #drawn = EMPTY_TIMELINE;

  draw(input: TimelineInput): Timeline {
    this.#drawn = timeline(input, this.#drawn);
    return this.#drawn;
  }
}

function blockOf(message: W.Message | undefined): number {
  return message === undefined ? 0 : Math.floor(message.seq / BLOCK);
}

/** The message that the unread divider stands before: none where nothing was read before it. */
function dividedBy({ messages, dividerAfter, myId }: TimelineInput): W.Message | null {
  if (dividerAfter === null) return null;
  const at = messages.findIndex(({ seq, sender_id }) => seq > dividerAfter && sender_id !== myId);
  return at > 0 ? (messages[at] ?? null) : null;
}

/** What is on its way and whose event has not come yet. */
function notPosted({ messages, outgoing, myId }: TimelineInput): readonly Outgoing[] {
  if (outgoing.length === 0) return NOTHING_OUTGOING;
  const posted = new Set<string>();
  for (const { sender_id, client_id } of messages) if (sender_id === myId) posted.add(client_id);
  const left = outgoing.filter(({ clientId }) => !posted.has(clientId));
  return left.length === outgoing.length ? outgoing : left;
}

function cursorsWithin(
  cursors: readonly number[],
  first: W.Message | undefined,
  last: W.Message | undefined,
): string {
  if (first === undefined || last === undefined) return String(cursors.length);
  const low = notReadBy(cursors, first.seq);
  const high = notReadBy(cursors, last.seq);
  // Whoever stands before the first or after the last counts alike for every message between.
  return `${low}:${cursors.slice(low, high).join()}`;
}

function sameSource(a: Source, b: Source): boolean {
  return (
    a.previous === b.previous &&
    a.next === b.next &&
    a.divided === b.divided &&
    a.cursors === b.cursors &&
    a.myId === b.myId &&
    sameList(a.messages, b.messages) &&
    // A message that is on its way has its numbers from all cursors.
    a.outgoing.length === 0 &&
    b.outgoing.length === 0
  );
}

/** A message or what will be one, as far as grouping asks. */
interface Item {
  senderId: string;
  at: string;
  message: W.Message | null;
  outgoing: Outgoing | null;
}

function itemOf(message: W.Message): Item {
  return { senderId: message.sender_id, at: message.created_at, message, outgoing: null };
}

/** Whether `b` begins a new group after `a`. */
function parts(a: Item | null, b: Item | null, divided: W.Message | null): boolean {
  if (a === null || b === null) return true;
  if (b.message !== null && b.message === divided) return true;
  if (a.message?.kind === "system" || b.message?.kind === "system") return true;
  // A card stands for itself, and so does what was not sent: what follows begins anew.
  if (a.message?.kind === "transfer" || isFailed(a) || isFailed(b)) return true;
  return a.senderId !== b.senderId || stampOf(a.at).minute !== stampOf(b.at).minute;
}

function isFailed({ outgoing }: Item): boolean {
  return outgoing?.delivery.state === "failed";
}

function draw(
  key: string,
  source: Source,
  cursors: readonly number[],
  old: DrawnBlock | null,
): DrawnBlock {
  const { divided, myId } = source;
  const items: Item[] = [
    ...source.messages.map(itemOf),
    ...source.outgoing.map((outgoing) => ({
      senderId: myId,
      at: outgoing.delivery.state === "sent" ? outgoing.delivery.createdAt : outgoing.writtenAt,
      message: null,
      outgoing,
    })),
  ];
  const following = source.next === null ? null : itemOf(source.next);
  const rowsBefore = new Map(old?.rows.map((row) => [row.key, row]));
  const rows: Row[] = [];
  const put = (row: Row): void => {
    const drawn = rowsBefore.get(row.key);
    rows.push(drawn !== undefined && sameRow(drawn, row) ? drawn : row);
  };
  let previous = source.previous === null ? null : itemOf(source.previous);
  items.forEach((item, index) => {
    const { message, outgoing, senderId, at } = item;
    const { day } = stampOf(at);
    if (previous === null || stampOf(previous.at).day !== day) {
      put({ key: `day:${day}`, kind: "day", at: day });
    }
    if (message !== null && message === divided) put({ key: "unread", kind: "unread" });
    if (message?.kind === "system") put({ key: message.id, kind: "notice", message });
    else {
      const mine = senderId === myId;
      const seq = message?.seq ?? (outgoing?.delivery.state === "sent" ? outgoing.delivery.seq : null);
      put({
        key: mine ? `mine:${message?.client_id ?? outgoing?.clientId ?? ""}` : (message?.id ?? ""),
        kind: "bubble",
        senderId,
        mine,
        body: message?.body ?? outgoing?.body ?? "",
        at,
        message,
        outgoing: outgoing === null ? null : { clientId: outgoing.clientId, delivery: outgoing.delivery },
        first: parts(previous, item, divided),
        last: parts(item, items[index + 1] ?? following, divided),
        unreadBy: mine && seq !== null ? notReadBy(cursors, seq) : null,
      });
    }
    previous = item;
  });
  return { key, source, rows: old !== null && sameList(old.rows, rows) ? old.rows : rows };
}

interface Stamp {
  minute: number;
  day: string;
}

const STAMPS_MAX = 20_000;
const stamps = new Map<string, Stamp>();

/** Times repeat from one drawing to the next, and reading them is most of the work. */
function stampOf(iso: string): Stamp {
  let stamp = stamps.get(iso);
  if (stamp === undefined) {
    if (stamps.size > STAMPS_MAX) stamps.clear();
    const at = new Date(iso);
    stamp = { minute: Math.floor(at.getTime() / 60_000), day: dayOf(at).toISOString() };
    stamps.set(iso, stamp);
  }
  return stamp;
}

function sameRow(a: Row, b: Row): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case "day":
    case "unread":
      return true;
    case "notice":
      return b.kind === "notice" && a.message === b.message;
    case "bubble":
      return b.kind === "bubble" && sameBubble(a, b);
  }
}

/** The key stands for sender, side and client id. */
function sameBubble(a: BubbleRow, b: BubbleRow): boolean {
  return (
    a.message === b.message &&
    a.outgoing?.delivery === b.outgoing?.delivery &&
    a.unreadBy === b.unreadBy &&
    a.first === b.first &&
    a.last === b.last &&
    a.at === b.at &&
    a.body === b.body
  );
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
