/**
 * The app's one line to the server: the connection, our copy of the event logs, and who is told.
 *
 * The user's own events go to `userEvents` (lib/events.ts) for every feature. Room events go, in
 * order, to the one `RoomSink`, which is the chat feature; it reads rooms over HTTP and tells the
 * line from which position on (`track`).
 */
import { Connection, type Link, type Surroundings } from "./connection";
import type { AnswerTo, Asks, AskType, ServerFrame, Tells } from "./frames";
import { Liveness } from "./liveness";
import { Replica } from "./replica";
import { type Emitter, type UserEventKind, type UserEventMap } from "@/lib/events";
import type * as W from "@/lib/wire";

/** Who keeps the rooms. */
export interface RoomSink {
  /** Somebody is signed in; the line is about to be opened for them. */
  started(userId: string): void;
  /** Nobody is any more. */
  stopped(): void;
  /** The next events of a tracked room: ascending, each once, none left out. */
  roomEvents(roomId: string, events: readonly W.RoomEvent[]): void;
  /** Cursors that moved; they have no position and may come twice or late. */
  readMoved(moved: W.ReadMoved): void;
  /** Read these rooms afresh and `track` them again. */
  roomsStale(roomIds: readonly string[]): void;
  /** The server no longer lists these for us. */
  roomsMissing(roomIds: readonly string[]): void;
  /** Connected; `resumed` when everything missed comes by itself, else read the list of rooms. */
  connected(resumed: boolean): void;
  disconnected(): void;
}

export class RealtimeClient {
  readonly liveness: Liveness;
  readonly #connection: Connection;
  readonly #replica: Replica;
  readonly #events: Emitter;
  readonly #later: Surroundings["later"];
  readonly #listeners = new Set<() => void>();
  #sink: RoomSink | null = null;
  #link: Link = { kind: "off" };
  #userId: string | null = null;
  #serverAhead = 0;

  constructor(world: Surroundings, events: Emitter, suspectSession: () => void) {
    this.#events = events;
    this.#later = (ms, then) => world.later(ms, then);
    this.liveness = new Liveness(this.#later);
    this.#replica = new Replica(
      {
        ask: (t, d) => this.#connection.ask(t, d),
        live: () => this.#connection.link.kind === "live",
        later: this.#later,
      },
      {
        roomEvents: (roomId, roomEvents) => {
          for (const { message } of roomEvents) {
            if (message !== null) this.liveness.stopped(roomId, message.sender_id);
          }
          this.#sink?.roomEvents(roomId, roomEvents);
        },
        userEvent: (event) => {
          // A kind without listeners comes from a newer server and is passed over.
          events.emit(event.kind as UserEventKind, event.data as unknown as UserEventMap[UserEventKind]);
        },
        roomsStale: (roomIds) => this.#sink?.roomsStale(roomIds),
        roomsMissing: (roomIds) => this.#sink?.roomsMissing(roomIds),
        userStale: () => events.emit("stale", { rooms: [], user: true }),
      },
    );
    this.#connection = new Connection(world, {
      position: () => this.#replica.position(),
      welcomed: (welcome, resumed) => this.#welcomed(welcome, resumed),
      pushed: (frame) => this.#pushed(frame),
      changed: (link) => this.#changed(link),
      suspectSession,
    });
  }

  get link(): Link {
    return this.#link;
  }

  get live(): boolean {
    return this.#link.kind === "live";
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Link => this.#link;

  /** Whoever keeps the rooms comes in here, before `start`. */
  attach(sink: RoomSink): void {
    this.#sink = sink;
  }

  /** Connect for a signed-in person; another person's state is forgotten first. */
  start(userId: string): void {
    if (this.#userId !== userId) {
      this.stop();
      this.#userId = userId;
      this.#sink?.started(userId);
    }
    this.#connection.start();
  }

  /** Hang up and forget. */
  stop(): void {
    if (this.#userId === null) return;
    this.#userId = null;
    this.#connection.stop();
    this.#replica.reset();
    this.liveness.reset();
    this.#sink?.stopped();
  }

  /** The page came into view, or the network changed. */
  nudge(): void {
    this.#connection.nudge();
  }

  /** The state of a room is known up to `seq`. */
  track(roomId: string, seq: number): void {
    this.#replica.track(roomId, seq);
  }

  /** Events of a tracked room exist up to `seq`. */
  note(roomId: string, seq: number): void {
    this.#replica.note(roomId, seq);
  }

  untrack(roomId: string): void {
    this.#replica.untrack(roomId);
  }

  /** Every room has been read: from now on a reconnect resumes. */
  ready(): void {
    this.#replica.ready();
  }

  /** @throws AskFailed */
  ask<A extends AskType>(t: A, d: Asks[A]["d"]): Promise<AnswerTo<A>> {
    return this.#connection.ask(t, d);
  }

  /** Call `then` after `ms`; the answer calls it off. */
  later(ms: number, then: () => void): () => void {
    return this.#later(ms, then);
  }

  tell<T extends keyof Tells>(t: T, d: Tells[T]): void {
    this.#connection.tell(t, d);
  }

  /** The server's time, as far as we know: this device's clock may be wrong. */
  serverNow(): Date {
    return new Date(Date.now() + this.#serverAhead);
  }

  #welcomed(welcome: W.Welcome, resumed: boolean): void {
    if (welcome.user_id !== this.#userId) {
      // Another person signed in from another tab of this browser; this page is theirs no more.
      this.stop();
      this.#events.emit("stale", { rooms: [], user: true });
      return;
    }
    this.#serverAhead = Date.parse(welcome.server_time) - Date.now();
    this.#replica.welcomed(welcome, resumed);
    if (!resumed) this.#events.emit("stale", { rooms: [], user: true });
    this.#sink?.connected(resumed);
  }

  #pushed(frame: ServerFrame): void {
    switch (frame.t) {
      case "read.moved":
        this.#sink?.readMoved(frame.d);
        break;
      case "typing":
        this.liveness.typed(frame.d);
        break;
      case "presence":
        this.liveness.seen(frame.d);
        this.#events.emit("presence", frame.d);
        break;
      case "stale":
        this.#replica.push(frame);
        if (frame.d.rooms.length > 0) this.#events.emit("stale", { ...frame.d, user: false });
        break;
      default:
        this.#replica.push(frame);
    }
  }

  #changed(link: Link): void {
    const was = this.#link.kind === "live";
    this.#link = link;
    if (link.kind === "live" && !was) this.#events.emit("connection", { online: true });
    if (link.kind !== "live" && was) {
      this.liveness.silence();
      this.#events.emit("connection", { online: false });
      this.#sink?.disconnected();
    }
    for (const listener of this.#listeners) listener();
  }
}

