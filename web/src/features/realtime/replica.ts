/**
 * Keeps our copy of the server's event logs: one log a room, one of the user's own.
 *
 * Whatever the socket brings (in order or not, twice or not at all) leaves here strictly by `seq`,
 * each event once. What is missing is asked for by `room.fetch` and `user.fetch`; a gap is noticed
 * by the next event, by the heads of a heartbeat, or by the welcome after a reconnect. The law that
 * this keeps: old state + events = state read afresh.
 *
 * A room is *tracked* from the position its state was read at. Events of rooms that are not tracked
 * yet are kept (bounded) until they are, and the reader is told of the room.
 */
import { AskFailed } from "./connection";
import type { AnswerTo, Asks, AskType, ServerFrame } from "./frames";
import { OrderedLog } from "./ordered-log";
import type * as W from "@/lib/wire";

/** An event that is missing may be in flight: it gets this long before it is asked for. */
const GRACE_MS = 120;
/** Wait after a fetch that failed, while connected. */
const RETRY_MS = 1_500;
const PAGE = 200;
/** Events kept for a room whose state is still being read. */
const UNTRACKED_MAX = 500;

/** Who reads the logs. */
export interface Reader {
  /** The next events of a tracked room, ascending, without gap. */
  roomEvents(roomId: string, events: readonly W.RoomEvent[]): void;
  /** The next of the user's own events. */
  userEvent(event: W.UserEvent): void;
  /** Too much was missed, or something came of a room that is not tracked: read these afresh. */
  roomsStale(roomIds: readonly string[]): void;
  /** The user's own state must be read afresh. */
  userStale(): void;
  /** Rooms that are tracked and that the server no longer lists for us. */
  roomsMissing(roomIds: readonly string[]): void;
}

export interface Line {
  ask<A extends AskType>(t: A, d: Asks[A]["d"]): Promise<AnswerTo<A>>;
  live(): boolean;
  later(ms: number, then: () => void): () => void;
}

interface Tracked {
  log: OrderedLog<W.RoomEvent>;
  /** Being read afresh: no use in fetching a gap. */
  stale: boolean;
  fetching: boolean;
  /** Heartbeats in a row in which the server did not list the room. */
  unlisted: number;
}

export class Replica {
  readonly #line: Line;
  readonly #reader: Reader;
  readonly #rooms = new Map<string, Tracked>();
  readonly #untracked = new Map<string, W.RoomEvent[]>();
  #user: OrderedLog<W.UserEvent> | null = null;
  #userFetching = false;
  #known = false;

  constructor(line: Line, reader: Reader) {
    this.#line = line;
    this.#reader = reader;
  }

  /** What to say in `hello`: null until the state has been read once. */
  position(): W.Position | null {
    if (!this.#known || this.#user === null) return null;
    const rooms: Record<string, number> = {};
    for (const [id, tracked] of this.#rooms) rooms[id] = tracked.log.position;
    return { user_seq: this.#user.position, rooms };
  }

  /** The list of rooms has been read: from now on a reconnect resumes. */
  ready(): void {
    this.#known = true;
  }

  /** Forget everything: another person, or the state has to be read from the start. */
  reset(): void {
    this.#rooms.clear();
    this.#untracked.clear();
    this.#user = null;
    this.#userFetching = false;
    this.#known = false;
  }

  /** The room's state is known up to `seq`; what came after it follows at once. */
  track(roomId: string, seq: number): void {
    let tracked = this.#rooms.get(roomId);
    const kept = this.#untracked.get(roomId) ?? [];
    this.#untracked.delete(roomId);
    if (tracked === undefined) {
      tracked = { log: new OrderedLog(seq), stale: false, fetching: false, unlisted: 0 };
      this.#rooms.set(roomId, tracked);
    } else {
      tracked.stale = false;
      this.#deliver(roomId, tracked.log.skipTo(seq));
    }
    for (const event of kept) this.#deliver(roomId, tracked.log.offer(event));
    if (tracked.log.behind) this.#chase(roomId, tracked);
  }

  /** Somebody read that a tracked room has events up to `seq`. */
  note(roomId: string, seq: number): void {
    const tracked = this.#rooms.get(roomId);
    if (tracked === undefined) return;
    tracked.log.noteHead(seq);
    if (tracked.log.behind) this.#chase(roomId, tracked);
  }

  untrack(roomId: string): void {
    this.#rooms.delete(roomId);
    this.#untracked.delete(roomId);
  }

  /** The newest event of a room that has been given to the reader; null where it is not tracked. */
  positionOf(roomId: string): number | null {
    return this.#rooms.get(roomId)?.log.position ?? null;
  }

  /** After every welcome. `resumed`: the server replays what came after our position. */
  welcomed(welcome: W.Welcome, resumed: boolean): void {
    this.#userFetching = false;
    for (const tracked of this.#rooms.values()) tracked.fetching = false;
    if (!resumed || this.#user === null) {
      this.#user ??= new OrderedLog(welcome.heads.user_seq);
      this.#user.skipTo(welcome.heads.user_seq);
    }
    if (resumed) this.heads(welcome.heads);
  }

  /** The newest positions of everything we can see. */
  heads(heads: W.Heads): void {
    if (this.#user !== null) {
      this.#user.noteHead(heads.user_seq);
      if (this.#user.behind) this.#chaseUser(this.#user);
    }
    if (!this.#known) return;
    const fresh: string[] = [];
    for (const [id, seq] of Object.entries(heads.rooms)) {
      const tracked = this.#rooms.get(id);
      if (tracked === undefined) {
        fresh.push(id);
        continue;
      }
      tracked.unlisted = 0;
      tracked.log.noteHead(seq);
      if (tracked.log.behind) this.#chase(id, tracked);
    }
    // A room may be younger than the heads; one that is absent twice in a row is really gone.
    const missing: string[] = [];
    for (const [id, tracked] of this.#rooms) {
      if (!(id in heads.rooms) && ++tracked.unlisted === 2) missing.push(id);
    }
    if (fresh.length > 0) this.#reader.roomsStale(fresh);
    if (missing.length > 0) this.#reader.roomsMissing(missing);
  }

  /** Take a pushed frame; frames that carry no position are somebody else's. */
  push(frame: ServerFrame): void {
    switch (frame.t) {
      case "room.event":
        this.#roomEvent(frame.d);
        break;
      case "user.event":
        this.#userEvent(frame.d);
        break;
      case "heads":
        this.heads(frame.d);
        break;
      case "stale":
        this.#stale(frame.d);
        break;
      default:
        break;
    }
  }

  #roomEvent(event: W.RoomEvent): void {
    const tracked = this.#rooms.get(event.room_id);
    if (tracked === undefined) {
      const kept = this.#untracked.get(event.room_id);
      if (kept !== undefined) {
        if (kept.length < UNTRACKED_MAX) kept.push(event);
        return;
      }
      this.#untracked.set(event.room_id, [event]);
      // Before the list has been read every room is untracked, and none is a surprise.
      if (this.#known) this.#reader.roomsStale([event.room_id]);
      return;
    }
    this.#deliver(event.room_id, tracked.log.offer(event));
    if (tracked.log.behind) this.#chase(event.room_id, tracked);
  }

  #userEvent(event: W.UserEvent): void {
    if (this.#user === null) return;
    for (const ready of this.#user.offer(event)) this.#reader.userEvent(ready);
    if (this.#user.behind) this.#chaseUser(this.#user);
  }

  #stale(stale: W.Stale): void {
    for (const id of stale.rooms) {
      const tracked = this.#rooms.get(id);
      if (tracked !== undefined) tracked.stale = true;
    }
    if (stale.rooms.length > 0) this.#reader.roomsStale(stale.rooms);
    if (stale.user) {
      const user = this.#user;
      if (user !== null) {
        // Whoever reads the state afresh from now on reads at least up to the newest head.
        for (const ready of user.skipTo(user.head)) this.#reader.userEvent(ready);
      }
      this.#reader.userStale();
    }
  }

  #deliver(roomId: string, events: readonly W.RoomEvent[]): void {
    if (events.length > 0) this.#reader.roomEvents(roomId, events);
  }

  /** Ask for what a room's log is missing, unless it comes by itself. */
  #chase(roomId: string, tracked: Tracked): void {
    if (tracked.fetching || tracked.stale) return;
    tracked.fetching = true;
    const after = (ms: number): void => {
      this.#line.later(ms, () => {
        if (this.#rooms.get(roomId) !== tracked || !tracked.fetching) return;
        if (tracked.stale || !tracked.log.behind || !this.#line.live()) {
          tracked.fetching = false;
          return;
        }
        const from = tracked.log.position;
        this.#line.ask("room.fetch", { room_id: roomId, after: from, limit: PAGE }).then(
          (page) => {
            if (this.#rooms.get(roomId) !== tracked) return;
            tracked.log.noteHead(page.head_seq);
            for (const event of page.items) this.#deliver(roomId, tracked.log.offer(event));
            tracked.fetching = false;
            if (!tracked.log.behind) return;
            if (tracked.log.position > from) {
              this.#chase(roomId, tracked);
            } else {
              // The server does not have what it says exists for us: read the room itself.
              tracked.stale = true;
              this.#reader.roomsStale([roomId]);
            }
          },
          (error: unknown) => {
            if (this.#rooms.get(roomId) !== tracked) return;
            if (error instanceof AskFailed && GONE.has(error.code)) {
              tracked.fetching = false;
              this.#reader.roomsMissing([roomId]);
            } else after(error instanceof AskFailed ? waitMs(error) : RETRY_MS);
          },
        );
      });
    };
    after(GRACE_MS);
  }

  #chaseUser(user: OrderedLog<W.UserEvent>): void {
    if (this.#userFetching) return;
    this.#userFetching = true;
    const after = (ms: number): void => {
      this.#line.later(ms, () => {
        if (this.#user !== user || !this.#userFetching) return;
        if (!user.behind || !this.#line.live()) {
          this.#userFetching = false;
          return;
        }
        const from = user.position;
        this.#line.ask("user.fetch", { after: from, limit: PAGE }).then(
          (page) => {
            if (this.#user !== user) return;
            user.noteHead(page.head_seq);
            for (const event of page.items) {
              for (const ready of user.offer(event)) this.#reader.userEvent(ready);
            }
            this.#userFetching = false;
            if (!user.behind) return;
            if (user.position > from) {
              this.#chaseUser(user);
            } else this.#stale({ rooms: [], user: true });
          },
          (error: unknown) => after(error instanceof AskFailed ? waitMs(error) : RETRY_MS),
        );
      });
    };
    after(GRACE_MS);
  }
}

/** The room is not, or no longer, for us. */
const GONE: ReadonlySet<string> = new Set(["not_found", "forbidden", "not_a_member", "room_not_found"]);

function waitMs(error: AskFailed): number {
  return error.retryAfterS === null ? RETRY_MS : error.retryAfterS * 1000;
}
