/**
 * Every room of the signed-in person, outside the components.
 *
 *     closed → loading → ready
 *                 ↓  ↖
 *               failed  (tried again by itself)
 *
 * Rooms are read over HTTP; what happens meanwhile is remembered and applied on top, so that the
 * state is the one a later reading would show. The realtime line delivers events in order and says
 * when a room must be read afresh; open conversations get the same events.
 */
import type { RoomSink } from "@/features/realtime";
import type * as W from "@/lib/wire";
import { Conversation, type EventSource } from "./conversation";
import { Listeners } from "./listeners";
import {
  entryOf,
  type RoomEntry,
  withCursors,
  withEvent,
  withFolder,
  withOwnCursor,
  withPerson,
  withUnpositioned,
} from "./room-entry";

export type RoomsState =
  | { readonly phase: "closed" }
  | { readonly phase: "loading" }
  | { readonly phase: "failed"; readonly error: unknown }
  | { readonly phase: "ready"; readonly rooms: ReadonlyMap<string, W.Room> };

export interface RoomsSource extends Omit<EventSource, "later"> {
  /** One page of my rooms. @throws ApiProblem */
  rooms(cursor: string | null): Promise<W.Page<W.Room>>;
  /** @throws ApiProblem */
  room(roomId: string): Promise<W.Room>;
}

/** The part of the realtime line that is used. */
export interface RoomsLine {
  track(roomId: string, seq: number): void;
  /** Events of a room exist up to `seq`. */
  note(roomId: string, seq: number): void;
  untrack(roomId: string): void;
  ready(): void;
  later(ms: number, then: () => void): () => void;
}

/** Who wants to know how far a room is known, and by which events; none where it was read. */
export type Arrival = (roomId: string, position: number, events: readonly W.RoomEvent[]) => void;

const RETRY_MS = 2_000;
/** Conversations kept in memory besides the ones on the screen, the longest unused go first. */
const CONVERSATIONS_KEPT = 12;

type Change = (entry: RoomEntry) => RoomEntry;

interface Reading {
  /** What happened since it began, to be applied on what it brings. */
  changes: Change[];
  /** Events up to its head will not come: begin at it. */
  afresh: boolean;
}

interface ListReading {
  number: number;
  changes: { roomId: string; change: Change }[];
}

export class Rooms implements Omit<RoomSink, "started" | "stopped" | "disconnected"> {
  readonly #source: RoomsSource;
  readonly #line: RoomsLine;
  readonly #arrival: Arrival;
  readonly #isGone: (error: unknown) => boolean;
  readonly #entries = new Map<string, RoomEntry>();
  readonly #conversations = new Map<string, Conversation>();
  readonly #listeners: Listeners;
  readonly #reading = new Map<string, Reading>();
  readonly #listReadings = new Set<ListReading>();
  #state: RoomsState = { phase: "closed" };
  #myId: string | null = null;
  #generation = 0;
  #welcomed = 0;
  #listsBegun = 0;
  #listsDone = 0;

  constructor(
    source: RoomsSource,
    line: RoomsLine,
    arrival: Arrival,
    isGone: (error: unknown) => boolean,
  ) {
    this.#source = source;
    this.#line = line;
    this.#arrival = arrival;
    this.#isGone = isGone;
    this.#listeners = new Listeners((ms, then) => line.later(ms, then));
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.subscribe(listener);

  readonly snapshot = (): RoomsState => this.#state;

  get(roomId: string): W.Room | null {
    return this.#entries.get(roomId)?.room ?? null;
  }

  /** Begin for a person: read the list without waiting for the line. */
  start(myId: string): void {
    if (this.#myId === myId) return;
    if (this.#myId !== null) this.stop();
    this.#myId = myId;
    this.#turn({ phase: "loading" });
    for (const conversation of this.#conversations.values()) {
      if (conversation.snapshot().phase === "closed") this.#open(conversation);
    }
    void this.#readList();
  }

  /** Forget everything. */
  stop(): void {
    this.#generation += 1;
    this.#myId = null;
    this.#entries.clear();
    this.#reading.clear();
    this.#listReadings.clear();
    for (const [roomId, conversation] of this.#conversations) {
      conversation.close();
      // Whoever still looks at one sees it opened again for the next person, if it is theirs.
      if (!conversation.watched) this.#conversations.delete(roomId);
    }
    this.#turn({ phase: "closed" });
  }

  /** Try again now. */
  retry(): void {
    if (this.#state.phase === "failed") {
      this.#turn({ phase: "loading" });
      void this.#readList();
    }
  }

  /** The conversation of a room; it begins to read when first asked for. */
  conversation(roomId: string): Conversation {
    const known = this.#conversations.get(roomId);
    if (known !== undefined) {
      // Most recently used last.
      this.#conversations.delete(roomId);
      this.#conversations.set(roomId, known);
      return known;
    }
    const made = new Conversation(roomId, {
      events: (id, query) => this.#source.events(id, query),
      later: (ms, then) => this.#line.later(ms, then),
    });
    this.#conversations.set(roomId, made);
    for (const [id, conversation] of this.#conversations) {
      if (this.#conversations.size <= CONVERSATIONS_KEPT) break;
      if (!conversation.watched) this.#conversations.delete(id);
    }
    this.#open(made);
    if (this.#state.phase === "ready" && !this.#entries.has(roomId)) void this.#read(roomId, true);
    return made;
  }

  /** Read a conversation that failed again. */
  reopen(roomId: string): void {
    const conversation = this.#conversations.get(roomId);
    if (conversation !== undefined) this.#open(conversation);
  }

  /** A room just read or made over HTTP. */
  adopt(room: W.Room): void {
    const known = this.#entries.get(room.id);
    if (known === undefined) {
      this.#entries.set(room.id, entryOf(room));
      this.#line.track(room.id, room.head_seq);
      this.#reached(room.id, room.head_seq);
      this.#publish();
    } else this.#change(room.id, (entry) => this.#mine(entry, room));
  }

  /** I have read up to `seq` here. */
  readTo(roomId: string, seq: number): void {
    this.#change(roomId, (entry) => this.#own(entry, seq));
  }

  /** Somebody changed their name or picture. */
  setPerson(person: W.Person): void {
    for (const [roomId, { room }] of this.#entries) {
      if (room.members.some((member) => member.person.id === person.id)) {
        this.#change(roomId, (entry) => withPerson(entry, person, this.#myId ?? ""));
      }
    }
  }

  /** Something about the room may have changed that has no event, such as whether I may write. */
  recheck(roomId: string): void {
    void this.#read(roomId, false);
  }

  /** Something about the rooms with this person may have changed that has no event: ask. */
  recheckWith(userId: string): void {
    for (const [roomId, { room }] of this.#entries) {
      if (room.members.some(({ person }) => person.id === userId)) void this.#read(roomId, false);
    }
  }

  setFolder(roomId: string, folder: W.RoomFolder): void {
    this.#change(roomId, (entry) => withFolder(entry, folder));
  }

  /** The room is no longer mine to see. */
  remove(roomId: string): void {
    this.#reading.delete(roomId);
    this.#line.untrack(roomId);
    this.#conversations.get(roomId)?.lost();
    this.#conversations.delete(roomId);
    if (this.#entries.delete(roomId)) this.#publish();
  }

  // What the realtime line tells.

  roomEvents(roomId: string, events: readonly W.RoomEvent[]): void {
    const myId = this.#myId;
    const last = events.at(-1);
    if (myId === null || last === undefined) return;
    this.#conversations.get(roomId)?.apply(events);
    this.#change(roomId, (entry) =>
      events.reduce((next, event) => withEvent(next, event, myId), entry),
    );
    this.#recheckClosed(roomId);
    this.#arrival(roomId, last.seq, events);
  }

  readMoved({ room_id, cursors }: W.ReadMoved): void {
    const myId = this.#myId;
    if (myId === null) return;
    this.#change(room_id, (entry) => withCursors(entry, cursors, myId));
    this.#recheckClosed(room_id);
  }

  roomsStale(roomIds: readonly string[]): void {
    for (const roomId of roomIds) void this.#read(roomId, true);
  }

  roomsMissing(roomIds: readonly string[]): void {
    for (const roomId of roomIds) {
      // Declined on another device: it still exists, but not for the list.
      if (this.get(roomId)?.folder === "requests") this.remove(roomId);
      else void this.#read(roomId, false);
    }
  }

  connected(resumed: boolean): void {
    for (const conversation of this.#conversations.values()) {
      if (conversation.snapshot().phase === "failed") this.#open(conversation);
    }
    if (resumed || this.#myId === null) return;
    this.#welcomed += 1;
    void this.#readList();
  }


  /** A stirring in a room that I could not write in: they may have accepted it. */
  #recheckClosed(roomId: string): void {
    if (this.get(roomId)?.can_write === false) this.recheck(roomId);
  }

  #own(entry: RoomEntry, seq: number): RoomEntry {
    return this.#myId === null ? entry : withOwnCursor(entry, seq, this.#myId);
  }

  #mine(entry: RoomEntry, read: W.Room): RoomEntry {
    return this.#myId === null ? entry : withUnpositioned(entry, read, this.#myId);
  }

  /** Change a room now, and again on what a reading under way will bring. */
  #change(roomId: string, change: Change): void {
    this.#reading.get(roomId)?.changes.push(change);
    for (const { changes } of this.#listReadings) changes.push({ roomId, change });
    const entry = this.#entries.get(roomId);
    if (entry === undefined) return;
    const next = change(entry);
    if (next === entry) return;
    this.#entries.set(roomId, next);
    this.#publish();
    if (next.uncertain && !entry.uncertain) void this.#read(roomId, false);
  }

  /**
   * Read one room again.
   *
   * @param afresh - The events up to its head will not come: begin at it.
   */
  async #read(roomId: string, afresh: boolean): Promise<void> {
    const underWay = this.#reading.get(roomId);
    if (underWay !== undefined) {
      underWay.afresh ||= afresh;
      return;
    }
    const reading: Reading = { changes: [], afresh };
    this.#reading.set(roomId, reading);
    const generation = this.#generation;
    try {
      const room = await this.#source.room(roomId);
      if (generation !== this.#generation || this.#reading.get(roomId) !== reading) return;
      this.#reading.delete(roomId);
      const known = this.#entries.has(roomId);
      this.#replace(room, reading.changes);
      this.#publish();
      if (reading.afresh || !known) {
        this.#line.track(roomId, room.head_seq);
      } else this.#line.note(roomId, room.head_seq);
    } catch (error) {
      if (generation !== this.#generation || this.#reading.get(roomId) !== reading) return;
      this.#reading.delete(roomId);
      if (this.#isGone(error)) this.remove(roomId);
      else this.#readLater(roomId, reading.afresh);
    }
  }

  #readLater(roomId: string, afresh: boolean): void {
    const generation = this.#generation;
    this.#line.later(RETRY_MS, () => {
      if (generation === this.#generation) void this.#read(roomId, afresh);
    });
  }

  /** Put what a reading brought in place, with what happened since it began on top. */
  #replace(room: W.Room, changes: readonly Change[]): void {
    const known = this.#entries.get(room.id);
    let entry = changes.reduce((next, change) => change(next), entryOf(room));
    // A cursor that moved here may not have reached the server when it was read.
    if (known !== undefined) entry = this.#own(entry, known.room.read_seq);
    if (known !== undefined && known.room.head_seq > entry.room.head_seq) {
      // The reading is older than what we hold, and what lies between came before it began.
      entry = this.#mine(known, room);
    }
    this.#entries.set(room.id, entry);
    this.#reached(room.id, entry.room.head_seq);
    if (entry.uncertain) this.#readLater(room.id, false);
  }

  /** A room is known up to a position whose events may never be delivered here. */
  #reached(roomId: string, seq: number): void {
    this.#conversations.get(roomId)?.reach(seq);
    this.#arrival(roomId, seq, []);
  }

  async #readList(): Promise<void> {
    const generation = this.#generation;
    const welcomed = this.#welcomed;
    this.#listsBegun += 1;
    const reading: ListReading = { number: this.#listsBegun, changes: [] };
    this.#listReadings.add(reading);
    const overtaken = (): boolean =>
      generation !== this.#generation || reading.number < this.#listsDone;
    try {
      const read: W.Room[] = [];
      let cursor: string | null = null;
      do {
        const page: W.Page<W.Room> = await this.#source.rooms(cursor);
        read.push(...page.items);
        cursor = page.next;
      } while (cursor !== null && !overtaken());
      this.#listReadings.delete(reading);
      if (overtaken()) return;
      this.#listsDone = reading.number;
      this.#adoptList(read, reading.changes);
      // Only what was read after the welcome is sure to miss nothing that is not pushed.
      if (welcomed > 0 && welcomed === this.#welcomed) this.#line.ready();
    } catch (error) {
      this.#listReadings.delete(reading);
      if (overtaken()) return;
      if (this.#state.phase !== "ready") this.#turn({ phase: "failed", error });
      this.#line.later(RETRY_MS, () => {
        if (!overtaken() && this.#listReadings.size === 0) void this.#readList();
      });
    }
  }

  #adoptList(
    read: readonly W.Room[],
    changes: readonly { roomId: string; change: Change }[],
  ): void {
    const fresh: W.Room[] = [];
    for (const room of read) {
      const own = changes.filter(({ roomId }) => roomId === room.id).map(({ change }) => change);
      if (!this.#entries.has(room.id)) fresh.push(room);
      this.#replace(room, own);
    }
    const listed = new Set(read.map(({ id }) => id));
    const unlisted = [...this.#entries.keys()].filter((id) => !listed.has(id));
    this.#publish();
    for (const room of fresh) this.#line.track(room.id, room.head_seq);
    for (const room of read) this.#line.note(room.id, room.head_seq);
    // Opened while the list was being read, or gone: ask for each.
    this.roomsMissing(unlisted);
    // Reached by its address, though it does not stand in the list.
    for (const roomId of this.#conversations.keys()) {
      if (!this.#entries.has(roomId)) void this.#read(roomId, true);
    }
  }

  #open(conversation: Conversation): void {
    const room = this.#entries.get(conversation.roomId)?.room;
    void conversation.open(room?.head_seq ?? null, room?.read_seq ?? 0);
  }

  #publish(): void {
    if (this.#myId === null) return;
    const rooms = new Map<string, W.Room>();
    for (const [id, { room }] of this.#entries) rooms.set(id, room);
    this.#turn({ phase: "ready", rooms });
  }

  #turn(state: RoomsState): void {
    this.#state = state;
    this.#listeners.tell();
  }
}
