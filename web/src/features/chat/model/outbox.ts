/**
 * Messages on their way: shown at once, kept on this device until the server has them, sent in the
 * order they were written, each exactly once.
 *
 *     queued → sending → sent → (gone: its event arrived)
 *        ↑        ↓  ↘
 *        └────────┘   failed → queued (retry) | (gone: discarded)
 *
 * - `client_id` is made once, when the message is written, and never again: the server answers a
 *   repeat with the first one's ack, so sending again after a lost answer is always right.
 * - One message a room is under way at a time; the next waits for its ack. A room's order is the
 *   order of writing, whatever the network does.
 * - What waiting can mend (no connection, no answer, too many, server trouble) stays queued. What it
 *   cannot (blocked, not a member) is `failed` with the server's code until the person decides.
 */
import { AskFailed } from "@/features/realtime";
import type * as W from "@/lib/wire";

export type Delivery =
  | { readonly state: "queued" }
  | { readonly state: "sending" }
  | { readonly state: "sent"; readonly seq: number; readonly createdAt: string }
  | { readonly state: "failed"; readonly code: string };

export interface Outgoing {
  readonly clientId: string;
  readonly userId: string;
  readonly roomId: string;
  readonly body: string;
  /** When it was written, by this device's clock. */
  readonly writtenAt: string;
  /** Grows with every message written here. */
  readonly order: number;
  readonly delivery: Delivery;
}

/** Where messages outlive the page. Failures are the store's to bear: it must not throw. */
export interface OutboxStore {
  load(userId: string): Promise<Outgoing[]>;
  put(outgoing: Outgoing): Promise<void>;
  remove(clientId: string): Promise<void>;
}

export interface OutboxWorld {
  store: OutboxStore;
  /** @throws AskFailed */
  send(message: W.MessageSend): Promise<W.MessageAck>;
  live(): boolean;
  /** Up to where the room's events are known here. */
  positionOf(roomId: string): number;
  /** A message was refused for good: what is known of the room may be out of date. */
  refused(roomId: string): void;
  later(ms: number, then: () => void): () => void;
  now(): Date;
  newClientId(): string;
}

/** First and longest wait before a message is tried again; it doubles in between. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 15_000;
/** Answers that say “try later”. */
const PASSING: ReadonlySet<string> = new Set(["too_many", "unavailable", "busy", "timeout"]);
/** Trouble that may pass, and how often that is believed in a row. */
const TROUBLE = "internal";
const TROUBLE_MAX = 5;
const NONE: readonly Outgoing[] = [];

interface Lane {
  messages: readonly Outgoing[];
  busy: boolean;
  tries: number;
}

export class Outbox {
  readonly #world: OutboxWorld;
  readonly #lanes = new Map<string, Lane>();
  readonly #listeners = new Set<(roomId: string) => void>();
  #userId: string | null = null;
  #order = 0;

  constructor(world: OutboxWorld) {
    this.#world = world;
  }

  /** Be told which room's messages changed. */
  subscribe(listener: (roomId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is on its way in a room, oldest first; the same array while nothing changes. */
  of(roomId: string): readonly Outgoing[] {
    return this.#lanes.get(roomId)?.messages ?? NONE;
  }

  /** Take up what this person wrote earlier and is not sent yet. */
  async open(userId: string): Promise<void> {
    if (this.#userId !== userId) this.close();
    this.#userId = userId;
    await this.#load(userId);
  }

  /** Forget what is in memory; what is kept stays kept. */
  close(): void {
    this.#userId = null;
    const rooms = [...this.#lanes.keys()];
    this.#lanes.clear();
    for (const roomId of rooms) this.#tell(roomId);
  }

  /** Write a message. It is shown, kept and sent, in this order but without waiting in between. */
  add(roomId: string, body: string): Outgoing {
    if (this.#userId === null) throw new Error("nobody is signed in");
    const now = this.#world.now();
    this.#order = Math.max(this.#order + 1, now.getTime());
    const outgoing: Outgoing = {
      clientId: this.#world.newClientId(),
      userId: this.#userId,
      roomId,
      body,
      writtenAt: now.toISOString(),
      order: this.#order,
      delivery: { state: "queued" },
    };
    const lane = this.#lane(roomId);
    lane.messages = [...lane.messages, outgoing];
    this.#tell(roomId);
    void this.#world.store.put(outgoing);
    this.#pump(roomId);
    return outgoing;
  }

  /** Send a failed message again, as the same message. */
  retry(roomId: string, clientId: string): void {
    const failed = this.#find(roomId, clientId);
    if (failed?.delivery.state !== "failed") return;
    this.#lane(roomId).tries = 0;
    void this.#world.store.put(this.#turn(failed, { state: "queued" }));
    this.#pump(roomId);
  }

  /** Drop a message that failed or still waits; one that is being sent may already be there. */
  discard(roomId: string, clientId: string): void {
    const outgoing = this.#find(roomId, clientId);
    if (outgoing === undefined) return;
    if (outgoing.delivery.state === "sending" || outgoing.delivery.state === "sent") return;
    this.#drop(roomId, (other) => other.clientId === clientId);
    void this.#world.store.remove(clientId);
  }

  /** Connected: go on sending, also what other pages of this browser have left behind. */
  wake(): void {
    for (const roomId of this.#lanes.keys()) this.#pump(roomId);
    if (this.#userId !== null) void this.#load(this.#userId);
  }

  /** A room's events are known up to `position`, these of my messages among them. */
  arrived(roomId: string, position: number, clientIds: readonly string[]): void {
    const lane = this.#lanes.get(roomId);
    if (lane === undefined || lane.messages.length === 0) return;
    for (const clientId of clientIds) {
      if (this.#find(roomId, clientId) !== undefined) void this.#world.store.remove(clientId);
    }
    this.#drop(
      roomId,
      ({ clientId, delivery }) =>
        clientIds.includes(clientId) || (delivery.state === "sent" && delivery.seq <= position),
    );
  }

  async #load(userId: string): Promise<void> {
    const kept = await this.#world.store.load(userId);
    if (this.#userId !== userId) return;
    const rooms = new Set<string>();
    for (const outgoing of kept) {
      if (this.#find(outgoing.roomId, outgoing.clientId) !== undefined) continue;
      const lane = this.#lane(outgoing.roomId);
      // Whether it was sent before the page was closed is not known: asking again is harmless.
      const delivery: Delivery =
        outgoing.delivery.state === "failed" ? outgoing.delivery : { state: "queued" };
      lane.messages = [...lane.messages, { ...outgoing, delivery }].sort(
        (a, b) => a.order - b.order,
      );
      this.#order = Math.max(this.#order, outgoing.order);
      rooms.add(outgoing.roomId);
    }
    for (const roomId of rooms) {
      this.#tell(roomId);
      this.#pump(roomId);
    }
  }

  #pump(roomId: string): void {
    const lane = this.#lane(roomId);
    if (lane.busy || !this.#world.live()) return;
    const next = lane.messages.find(({ delivery }) => delivery.state === "queued");
    if (next === undefined) return;
    lane.busy = true;
    const sending = this.#turn(next, { state: "sending" });
    this.#world
      .send({ client_id: sending.clientId, room_id: roomId, body: sending.body })
      .then(
        (ack) => {
          if (this.#lanes.get(roomId) !== lane) return;
          lane.busy = false;
          lane.tries = 0;
          void this.#world.store.remove(sending.clientId);
          const current = this.#find(roomId, sending.clientId);
          if (ack.seq <= this.#world.positionOf(roomId)) {
            // A repeat: it has been in the room for a while.
            this.#drop(roomId, ({ clientId }) => clientId === sending.clientId);
          } else if (current !== undefined) {
            this.#turn(current, { state: "sent", seq: ack.seq, createdAt: ack.created_at });
          }
          this.#pump(roomId);
        },
        (error: unknown) => {
          if (this.#lanes.get(roomId) === lane) this.#failed(roomId, lane, sending.clientId, error);
        },
      );
  }

  #failed(roomId: string, lane: Lane, clientId: string, error: unknown): void {
    const current = this.#find(roomId, clientId);
    const failure = error instanceof AskFailed ? error : new AskFailed("internal");
    if (failure.code === "disconnected") {
      if (current?.delivery.state === "sending") this.#turn(current, { state: "queued" });
      lane.busy = false;
      this.#pump(roomId);
      return;
    }
    lane.tries += 1;
    if (PASSING.has(failure.code) || (failure.code === TROUBLE && lane.tries < TROUBLE_MAX)) {
      if (current?.delivery.state === "sending") this.#turn(current, { state: "queued" });
      const wait = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (lane.tries - 1));
      // The lane stays busy until then, so that nothing written later overtakes.
      this.#world.later(Math.max(wait, (failure.retryAfterS ?? 0) * 1000), () => {
        if (this.#lanes.get(roomId) !== lane) return;
        lane.busy = false;
        this.#pump(roomId);
      });
      return;
    }
    lane.busy = false;
    lane.tries = 0;
    this.#world.refused(roomId);
    if (current?.delivery.state === "sending") {
      void this.#world.store.put(this.#turn(current, { state: "failed", code: failure.code }));
    }
    this.#pump(roomId);
  }

  #lane(roomId: string): Lane {
    const lane = this.#lanes.get(roomId) ?? { messages: NONE, busy: false, tries: 0 };
    this.#lanes.set(roomId, lane);
    return lane;
  }

  #find(roomId: string, clientId: string): Outgoing | undefined {
    return this.#lanes.get(roomId)?.messages.find((message) => message.clientId === clientId);
  }

  #turn(outgoing: Outgoing, delivery: Delivery): Outgoing {
    const next = { ...outgoing, delivery };
    const lane = this.#lane(outgoing.roomId);
    lane.messages = lane.messages.map((message) =>
      message.clientId === outgoing.clientId ? next : message,
    );
    this.#tell(outgoing.roomId);
    return next;
  }

  #drop(roomId: string, gone: (outgoing: Outgoing) => boolean): void {
    const lane = this.#lane(roomId);
    const left = lane.messages.filter((message) => !gone(message));
    if (left.length === lane.messages.length) return;
    lane.messages = left;
    this.#tell(roomId);
  }

  #tell(roomId: string): void {
    for (const listener of this.#listeners) listener(roomId);
  }
}
