/**
 * What a room shows, top to bottom: day dividers, the unread divider, bubbles in groups, notices.
 *
 * Pure, and frugal: `timeline(input, before)` hands back the very rows and blocks of the timeline
 * before where they did not change, so that a screen of thousands of messages redraws only what did.
 * Rows come in blocks of bounded size that keep their place whatever is put before them.
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
  readonly blocks: readonly Block[];
}

export interface TimelineInput {
  readonly room: W.Room | null;
  readonly myId: string;
  readonly messages: readonly W.Message[];
  readonly outgoing: readonly Outgoing[];
  /** My cursor when the room was opened: the divider stands after it. Null: none. */
  readonly dividerAfter: number | null;
}

export const EMPTY_TIMELINE: Timeline = { blocks: [] };

/** Positions that share a block. */
const BLOCK = 32;

export function timeline(input: TimelineInput, before: Timeline): Timeline {
  const draft = new Draft(before);
  const cursors = input.room === null ? [] : otherCursors(input.room, input.myId);
  const posted = new Set<string>();
  const divided = dividedBy(input);

  for (const message of input.messages) {
    const mine = message.sender_id === input.myId;
    if (mine) posted.add(message.client_id);
    draft.day(message.created_at, message.seq);
    if (message === divided) draft.unreadDivider(message.seq);
    if (message.kind === "system") draft.notice(message);
    else {
      draft.bubble({
        key: mine ? `mine:${message.client_id}` : message.id,
        kind: "bubble",
        senderId: message.sender_id,
        mine,
        body: message.body,
        at: message.created_at,
        message,
        outgoing: null,
        unreadBy: mine ? notReadBy(cursors, message.seq) : null,
      });
    }
  }
  for (const { clientId, body, writtenAt, delivery } of input.outgoing) {
    if (posted.has(clientId)) continue;
    const at = delivery.state === "sent" ? delivery.createdAt : writtenAt;
    draft.day(at, null);
    draft.bubble({
      key: `mine:${clientId}`,
      kind: "bubble",
      senderId: input.myId,
      mine: true,
      body,
      at,
      message: null,
      outgoing: { clientId, delivery },
      unreadBy: delivery.state === "sent" ? notReadBy(cursors, delivery.seq) : null,
    });
  }
  return draft.done();
}

/** Remembers what was drawn last; the rows are the same with or without. */
export class TimelineView {
  #drawn = EMPTY_TIMELINE;

  draw(input: TimelineInput): Timeline {
    this.#drawn = timeline(input, this.#drawn);
    return this.#drawn;
  }
}

/** The message that the unread divider stands before: none where nothing was read before it. */
function dividedBy({ messages, dividerAfter, myId }: TimelineInput): W.Message | null {
  if (dividerAfter === null) return null;
  const at = messages.findIndex(({ seq, sender_id }) => seq > dividerAfter && sender_id !== myId);
  return at > 0 ? (messages[at] ?? null) : null;
}

class Draft {
  readonly #rowsBefore = new Map<string, Row>();
  readonly #before: Timeline;
  readonly #blocks: { key: string; rows: Row[] }[] = [];
  #open: Omit<BubbleRow, "first" | "last"> | null = null;
  #openFirst = false;
  #openBlock = "";
  #day = "";

  constructor(before: Timeline) {
    this.#before = before;
    for (const { rows } of before.blocks) for (const row of rows) this.#rowsBefore.set(row.key, row);
  }

  day(at: string, seq: number | null): void {
    const { day } = stampOf(at);
    if (day === this.#day) return;
    this.#close(true);
    this.#day = day;
    this.#put({ key: `day:${day}`, kind: "day", at: day }, this.#blockOf(seq));
  }

  unreadDivider(seq: number): void {
    this.#close(true);
    this.#put({ key: "unread", kind: "unread" }, this.#blockOf(seq));
  }

  notice(message: W.Message): void {
    this.#close(true);
    this.#put({ key: message.id, kind: "notice", message }, this.#blockOf(message.seq));
  }

  bubble(bubble: Omit<BubbleRow, "first" | "last">): void {
    const open = this.#open;
    const joins =
      open !== null &&
      open.senderId === bubble.senderId &&
      open.message?.kind !== "transfer" &&
      stampOf(open.at).minute === stampOf(bubble.at).minute;
    this.#close(!joins);
    this.#open = bubble;
    this.#openFirst = !joins;
    this.#openBlock = this.#blockOf(bubble.message?.seq ?? null);
  }

  done(): Timeline {
    this.#close(true);
    const known = new Map(this.#before.blocks.map((block) => [block.key, block]));
    const blocks = this.#blocks.map((block) => {
      const old = known.get(block.key);
      return old !== undefined && sameList(old.rows, block.rows) ? old : block;
    });
    return sameList(blocks, this.#before.blocks) ? this.#before : { blocks };
  }

  /** What has no position yet stands with the newest that has. */
  #blockOf(seq: number | null): string {
    return seq === null ? (this.#blocks.at(-1)?.key ?? "0") : String(Math.floor(seq / BLOCK));
  }

  #close(last: boolean): void {
    const open = this.#open;
    this.#open = null;
    if (open !== null) this.#put({ ...open, first: this.#openFirst, last }, this.#openBlock);
  }

  #put(row: Row, block: string): void {
    const old = this.#rowsBefore.get(row.key);
    const kept = old !== undefined && sameRow(old, row) ? old : row;
    const current = this.#blocks.at(-1);
    if (current?.key === block) current.rows.push(kept);
    else this.#blocks.push({ key: block, rows: [kept] });
  }
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
