/**
 * The law: old state + events = state read afresh.
 *
 * Two people, several rooms, seeded chance: messages, cards, cursors, requests, cut sockets, closed
 * pages; pushed events are lost, doubled and overtaken, answers lost. When the network behaves again,
 * each page must show exactly what a fresh reading shows, and every message written on it must stand
 * in its room once, in the order of writing. A failing seed replays.
 */
import { describe, expect, test } from "vitest";
import { Emitter, type UserEventMap } from "@/lib/events";
import { RealtimeClient } from "@/features/realtime";
import { seeded, surroundings, VirtualTime } from "../../realtime/simulation";
import { assemble, type Chat } from "./assemble";
import { ModelServer, NO_FAULTS } from "./model-server";
import type { Outgoing, OutboxStore } from "./outbox";

const ROUGH = { lost: 0.15, doubled: 0.15, late: 0.25, unanswered: 0.1 };
const STEPS = 120;
const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

/** A store that outlives pages; what was written is there at once. */
function memoryStore(): OutboxStore & { rows: Map<string, Outgoing> } {
  const rows = new Map<string, Outgoing>();
  return {
    rows,
    load: (userId) => Promise.resolve([...rows.values()].filter((row) => row.userId === userId)),
    put: (row) => Promise.resolve(void rows.set(row.clientId, row)),
    remove: (clientId) => Promise.resolve(void rows.delete(clientId)),
  };
}

class PageOf {
  readonly line: RealtimeClient;
  readonly chat: Chat;
  readonly world: ReturnType<typeof surroundings>;

  constructor(server: ModelServer, time: VirtualTime, random: () => number, userId: string, store: OutboxStore, newId: () => string) {
    const events = new Emitter();
    this.world = surroundings(time, random);
    this.world.opened = (socket) => server.take(socket, userId);
    this.line = new RealtimeClient(this.world, events, () => undefined);
    this.chat = assemble(this.line, server.source(userId), store, newId);
    const { rooms } = this.chat;
    events.on("room.opened", ({ room }: UserEventMap["room.opened"]) => rooms.adopt(room));
    events.on("room.folder", ({ room_id, folder }) => rooms.setFolder(room_id, folder));
    events.on("cursor.moved", ({ room_id, seq }) => rooms.readTo(room_id, seq));
    this.line.start(userId);
  }
}

async function live(seed: number): Promise<void> {
  const random = seeded(seed);
  const time = new VirtualTime();
  const server = new ModelServer(time, random);
  const people = ["mina", "juno"] as const;
  const stores = { mina: memoryStore(), juno: memoryStore() };
  const written = new Map<string, string[]>();
  let ids = 0;
  const open = (userId: (typeof people)[number]): PageOf =>
    new PageOf(server, time, random, userId, stores[userId], () => `client-${(ids += 1)}`);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

  server.open(["mina", "juno"]);
  server.open(["juno", "mina"], "requests");
  const pages = { mina: open("mina"), juno: open("juno") };
  server.faults = ROUGH;
  const cards: { roomId: string; message: ReturnType<ModelServer["postCard"]>; version: number }[] = [];

  for (let step = 0; step < STEPS; step += 1) {
    const who = pick(people);
    const page = pages[who];
    const roomId = pick(server.roomIds(who));
    const chance = random();
    if (chance < 0.4) {
      if (page.chat.rooms.get(roomId) !== null) {
        const body = `${who} ${step}`;
        const key = `${who}/${roomId}`;
        written.set(key, [...(written.get(key) ?? []), body]);
        page.chat.outbox.add(roomId, body);
      }
    } else if (chance < 0.52) {
      const room = page.chat.rooms.get(roomId);
      if (room !== null) {
        page.chat.rooms.readTo(roomId, room.head_seq);
        page.chat.readMarker.move(roomId, room.head_seq);
      }
    } else if (chance < 0.58) server.read(roomId, who, Math.floor(random() * (server.head(roomId) + 1)));
    else if (chance < 0.64) cards.push({ roomId, message: server.postCard(roomId, who), version: 1 });
    else if (chance < 0.74 && cards.length > 0) {
      const card = pick(cards);
      card.version += 1;
      server.turnCard(card.roomId, card.message, card.version);
    } else if (chance < 0.78) server.accept(roomId, who);
    else if (chance < 0.8) server.open(random() < 0.5 ? ["mina", "juno"] : ["juno", "mina"]);
    else if (chance < 0.86) void page.chat.rooms.conversation(roomId);
    else if (chance < 0.89) void page.chat.rooms.conversation(roomId).loadOlder();
    else if (chance < 0.94) server.cut(who);
    else if (chance < 0.96) {
      // Enough at once that a reconnect in between must begin afresh.
      server.cut(who);
      for (let index = 0; index < 60; index += 1) {
        server.post(roomId, pick(people), `burst-${step}-${index}`, `burst ${index}`);
      }
    } else if (chance < 0.98) {
      page.world.isOnline = !page.world.isOnline;
      page.line.nudge();
    } else {
      // The page is closed and opened again: only what the device keeps is left.
      page.line.stop();
      server.cut(who);
      pages[who] = open(who);
    }
    await time.pass(random() * 400);
  }

  server.faults = NO_FAULTS;
  for (const who of people) {
    pages[who].world.isOnline = true;
    pages[who].line.nudge();
  }
  await time.pass(90_000);

  for (const who of people) {
    const { chat } = pages[who];
    const state = chat.rooms.snapshot();
    expect(state.phase).toBe("ready");
    if (state.phase !== "ready") return;
    expect([...state.rooms.keys()].sort()).toEqual(server.roomIds(who).sort());
    for (const roomId of server.roomIds(who)) {
      expect(state.rooms.get(roomId), `${who} ${roomId}`).toEqual(server.view(who, roomId));
      expect(chat.outbox.of(roomId)).toEqual([]);

      const conversation = chat.rooms.conversation(roomId);
      await time.pass(1_000);
      if (conversation.snapshot().phase === "failed") {
        chat.rooms.reopen(roomId);
        await time.pass(1_000);
      }
      const open = conversation.snapshot();
      expect(open.phase).toBe("open");
      if (open.phase !== "open") return;
      expect(open.history.to).toBe(server.head(roomId));
      const { from } = open.history;
      expect(open.history.messages).toEqual(server.messages(roomId).filter(({ seq }) => seq >= from));
    }
    expect([...stores[who].rows.keys()]).toEqual([]);
  }
  for (const [key, bodies] of written) {
    const [who = "", roomId = ""] = key.split("/");
    const mine = server.messages(roomId).filter(
      ({ sender_id, body }) => sender_id === who && body.startsWith(who),
    );
    expect(mine.map(({ body }) => body), key).toEqual(bodies);
  }
}

describe("old state + events = state read afresh, and nothing written is lost, doubled or reordered", () => {
  test.each(SEEDS)("seed %i", async (seed) => {
    await live(seed);
  });
});
