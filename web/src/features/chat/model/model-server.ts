/**
 * For tests: a server in memory that keeps to the wire's promises, on a network that does not.
 *
 * Rooms, positions, cursors, folders and feeds behave as `talktalk_wire` says. Every answer and push
 * takes its time; pushed events may be lost, doubled or overtaken, sockets cut, HTTP answers lost.
 */
import { ApiProblem } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { type MemorySocket, type VirtualTime } from "../../realtime/simulation";
import type { RoomsSource } from "./rooms";

export interface Faults {
  /** Chance that a pushed event is lost, comes twice, or comes late. */
  lost: number;
  doubled: number;
  late: number;
  /** Chance that an HTTP answer does not arrive. */
  unanswered: number;
}

export const NO_FAULTS: Faults = { lost: 0, doubled: 0, late: 0, unanswered: 0 };

interface RoomState {
  id: string;
  events: W.RoomEvent[];
  members: string[];
  cursors: Map<string, number>;
  folder: Map<string, W.RoomFolder>;
}

interface Line {
  socket: MemorySocket;
  userId: string;
  greeted: boolean;
}

const DELAY_MS = 30;
const LATE_MS = 900;
const REPLAY_MAX = 40;

export class ModelServer {
  faults = NO_FAULTS;
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #rooms = new Map<string, RoomState>();
  readonly #feeds = new Map<string, W.UserEvent[]>();
  readonly #keys = new Map<string, W.Message>();
  #lines: Line[] = [];
  #ids = 0;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  // What people do.

  open(members: string[], folder: W.RoomFolder = "main"): string {
    const id = this.#id("room");
    this.#rooms.set(id, {
      id,
      events: [],
      members,
      cursors: new Map(members.map((member) => [member, 0])),
      folder: new Map(members.map((member, index) => [member, index === 0 ? "main" : folder])),
    });
    for (const member of members) this.#feed(member, "room.opened", { room: this.view(member, id) });
    return id;
  }

  post(
    roomId: string,
    senderId: string,
    clientId: string,
    body: string,
    card: W.Message["card"] = null,
  ): W.Message {
    const key = `${senderId}/${clientId}`;
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const room = this.#room(roomId);
    const message: W.Message = {
      id: this.#id("message"),
      room_id: roomId,
      seq: room.events.length + 1,
      sender_id: senderId,
      client_id: clientId,
      kind: card === null ? "text" : "transfer",
      body,
      ref: null,
      card,
      created_at: this.#now(),
    };
    this.#keys.set(key, message);
    this.#append(room, { kind: "posted", message });
    return message;
  }

  postCard(roomId: string, senderId: string): W.Message {
    return this.post(roomId, senderId, this.#id("card"), "money", cardOfVersion(1));
  }

  turnCard(roomId: string, message: W.Message, version: number): void {
    const card = cardOfVersion(version);
    message.card = card;
    this.#append(this.#room(roomId), { kind: "card", target_id: message.id, data: card });
  }

  read(roomId: string, userId: string, seq: number): void {
    const room = this.#room(roomId);
    const to = Math.min(seq, room.events.length);
    if (to <= (room.cursors.get(userId) ?? 0)) return;
    room.cursors.set(userId, to);
    this.#feed(userId, "cursor.moved", { room_id: roomId, seq: to });
    for (const line of this.#lines) {
      if (line.greeted && room.members.includes(line.userId)) {
        // Cursors have no position: who is connected gets them, though perhaps twice and late.
        this.#push(line, "read.moved", { room_id: roomId, cursors: { [userId]: to } }, false);
      }
    }
  }

  accept(roomId: string, userId: string): void {
    const room = this.#room(roomId);
    if (room.folder.get(userId) === "main") return;
    room.folder.set(userId, "main");
    this.#feed(userId, "room.folder", { room_id: roomId, folder: "main" });
  }

  /** Every socket of a person is lost. */
  cut(userId: string): void {
    const lost = this.#lines.filter((line) => line.userId === userId);
    this.#lines = this.#lines.filter((line) => line.userId !== userId);
    for (const line of lost) line.socket.cut();
  }

  // What one would read.

  roomIds(userId: string): string[] {
    return [...this.#rooms.values()].filter(({ members }) => members.includes(userId)).map(({ id }) => id);
  }

  head(roomId: string): number {
    return this.#room(roomId).events.length;
  }

  messages(roomId: string): W.Message[] {
    return this.#room(roomId).events.flatMap(({ message }) => (message === null ? [] : [copy(message)]));
  }

  view(userId: string, roomId: string): W.Room {
    const room = this.#room(roomId);
    const cursor = room.cursors.get(userId) ?? 0;
    const posted = this.messages(roomId);
    const other = room.members.find((member) => member !== userId) ?? "";
    return copy({
      id: roomId,
      kind: "direct",
      title: other,
      members: room.members.map((member) => ({
        person: { id: member, name: member, picture_url: null },
        read_seq: room.cursors.get(member) ?? 0,
        joined_seq: 0,
      })),
      folder: room.folder.get(userId) ?? "main",
      head_seq: room.events.length,
      read_seq: cursor,
      unread: posted.filter(({ seq, sender_id }) => seq > cursor && sender_id !== userId).length,
      last_message: posted.at(-1) ?? null,
      can_write: true,
      created_at: "2026-01-01T00:00:00Z",
    });
  }

  /** The HTTP routes, as one person's page reaches them. */
  source(userId: string): RoomsSource {
    const answer = <T>(read: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        this.#time.later(this.#random() * DELAY_MS, () => {
          // What is read is the truth of one moment; the answer arrives at another.
          const value = copy(read());
          const lost = this.#random() < this.faults.unanswered;
          this.#time.later(this.#random() * DELAY_MS * 4, () => {
            if (lost) reject(new ApiProblem({ code: "unreachable", status: 0 }));
            else resolve(value);
          });
        });
      });
    return {
      rooms: (cursor) =>
        answer(() => {
          const ids = this.roomIds(userId);
          const from = cursor === null ? 0 : Number(cursor);
          const items = ids.slice(from, from + 2).map((id) => this.view(userId, id));
          return { items, next: from + 2 < ids.length ? String(from + 2) : null };
        }),
      room: (roomId) => answer(() => this.view(userId, roomId)),
      events: (roomId, { after, before, limit }) =>
        answer(() => this.#page(roomId, after ?? null, before ?? null, limit)),
    };
  }

  // Sockets.

  /** A new socket of a person's page. */
  take(socket: MemorySocket, userId: string): void {
    const line: Line = { socket, userId, greeted: false };
    this.#lines.push(line);
    socket.onClientClose = () => {
      this.#lines = this.#lines.filter((other) => other !== line);
    };
    socket.onSend = (text) => {
      const frame = JSON.parse(text) as { t: string; id?: string; d: Record<string, never> };
      this.#time.later(this.#random() * DELAY_MS, () => {
        if (this.#lines.includes(line)) this.#hear(line, frame);
      });
    };
    this.#time.later(this.#random() * DELAY_MS, () => socket.accept());
  }

  #hear(line: Line, frame: { t: string; id?: string; d: Record<string, never> }): void {
    const { userId } = line;
    const reply = (t: string, d: unknown): void => this.#send(line, t, d, frame.id);
    switch (frame.t) {
      case "hello":
        this.#greet(line, (frame.d as unknown as { position: W.Position | null }).position, frame.id);
        break;
      case "beat":
        reply("heads", this.#heads(userId));
        break;
      case "message.send": {
        const ask = frame.d as unknown as W.MessageSend;
        const { id, seq, created_at } = this.post(ask.room_id, userId, ask.client_id, ask.body);
        reply("message.ack", {
          client_id: ask.client_id,
          room_id: ask.room_id,
          message_id: id,
          seq,
          created_at,
        });
        break;
      }
      case "read.move": {
        const ask = frame.d as unknown as W.ReadMove;
        this.read(ask.room_id, userId, ask.seq);
        reply("ok", {});
        break;
      }
      case "room.fetch": {
        const ask = frame.d as unknown as W.RoomFetch;
        const page = this.#page(ask.room_id, ask.after ?? null, ask.before ?? null, ask.limit ?? 100);
        reply("room.events", { room_id: ask.room_id, ...page });
        break;
      }
      case "user.fetch": {
        const ask = frame.d as unknown as W.UserFetch;
        const feed = this.#feedOf(userId);
        reply("user.events", {
          items: feed.slice(ask.after, ask.after + (ask.limit ?? 100)),
          head_seq: feed.length,
        });
        break;
      }
      default:
        throw new Error(`the model does not know ${frame.t}`);
    }
  }

  #greet(line: Line, position: W.Position | null, id: string | undefined): void {
    const heads = this.#heads(line.userId);
    this.#send(line, "welcome", {
      user_id: line.userId,
      session_id: "session",
      device_id: "device",
      heartbeat_s: 10,
      heads,
      server_time: this.#now(),
    }, id);
    line.greeted = true;
    if (position === null) return;
    const stale: string[] = [];
    for (const [roomId, head] of Object.entries(heads.rooms)) {
      const from = position.rooms[roomId];
      if (from === undefined || head - from > REPLAY_MAX) stale.push(roomId);
      else for (const event of this.#room(roomId).events.slice(from)) this.#push(line, "room.event", event);
      const cursors = Object.fromEntries(this.#room(roomId).cursors);
      this.#push(line, "read.moved", { room_id: roomId, cursors }, false);
    }
    const userStale = heads.user_seq - position.user_seq > REPLAY_MAX;
    if (!userStale) {
      for (const event of this.#feedOf(line.userId).slice(position.user_seq)) {
        this.#push(line, "user.event", event);
      }
    }
    if (stale.length > 0 || userStale) this.#send(line, "stale", { rooms: stale, user: userStale });
  }

  #heads(userId: string): W.Heads {
    return {
      user_seq: this.#feedOf(userId).length,
      rooms: Object.fromEntries(this.roomIds(userId).map((id) => [id, this.head(id)])),
    };
  }

  #page(roomId: string, after: number | null, before: number | null, limit: number): W.RoomEvents {
    const { events } = this.#room(roomId);
    const items =
      after === null
        ? events.slice(0, (before ?? events.length + 1) - 1).slice(-limit)
        : events.slice(after, after + limit);
    return { items: copy(items), head_seq: events.length };
  }

  #append(room: RoomState, event: Partial<W.RoomEvent> & { kind: W.EventKind }): void {
    const whole: W.RoomEvent = {
      room_id: room.id,
      seq: room.events.length + 1,
      message: null,
      target_id: null,
      data: null,
      created_at: this.#now(),
      ...event,
    };
    room.events.push(whole);
    for (const line of this.#lines) {
      if (line.greeted && room.members.includes(line.userId)) this.#push(line, "room.event", whole);
    }
  }

  #feed(userId: string, kind: string, data: object): void {
    const feed = this.#feedOf(userId);
    const event = {
      seq: feed.length + 1,
      kind,
      data: copy(data),
      created_at: this.#now(),
    } as unknown as W.UserEvent;
    feed.push(event);
    for (const line of this.#lines) {
      if (line.greeted && line.userId === userId) this.#push(line, "user.event", event);
    }
  }

  /** A push that the network may do anything to; what has a position may even be lost. */
  #push(line: Line, t: string, d: object, mayBeLost = true): void {
    const copies = this.#random() < this.faults.doubled ? 2 : 1;
    for (let index = 0; index < copies; index += 1) {
      if (mayBeLost && this.#random() < this.faults.lost) continue;
      const late = this.#random() < this.faults.late ? this.#random() * LATE_MS : 0;
      this.#send(line, t, d, undefined, DELAY_MS + late);
    }
  }

  /** Answers keep their order with what was sent just before them. */
  #send(line: Line, t: string, d: unknown, id?: string, delay = DELAY_MS): void {
    const body = copy(d);
    this.#time.later(delay, () => line.socket.receive(t, body, id));
  }

  #room(roomId: string): RoomState {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new Error(`no room ${roomId}`);
    return room;
  }

  #feedOf(userId: string): W.UserEvent[] {
    const feed = this.#feeds.get(userId) ?? [];
    this.#feeds.set(userId, feed);
    return feed;
  }

  #now(): string {
    return new Date(Date.UTC(2026, 0, 1) + this.#time.now).toISOString();
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind}-${this.#ids}`;
  }
}

function cardOfVersion(version: number): NonNullable<W.Message["card"]> {
  return { version } as unknown as NonNullable<W.Message["card"]>;
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
