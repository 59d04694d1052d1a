import { beforeEach, describe, expect, test } from "vitest";
import { RealtimeClient } from "@/features/realtime";
import { Emitter } from "@/lib/events";
import { ApiProblem } from "@/lib/problem";
import { seeded, surroundings, VirtualTime } from "../../realtime/simulation";
import { assemble, type Chat } from "./assemble";
import { ModelServer } from "./model-server";
import type { RoomsSource } from "./rooms";

let time: VirtualTime;
let server: ModelServer;
let source: RoomsSource;
let chat: Chat;
let line: RealtimeClient;

const nothingKept = {
  load: () => Promise.resolve([]),
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

beforeEach(() => {
  time = new VirtualTime();
  const random = seeded(3);
  server = new ModelServer(time, random);
  source = server.source("me");
  const world = surroundings(time, random);
  world.opened = (socket) => server.take(socket, "me");
  line = new RealtimeClient(world, new Emitter(), () => undefined);
  let ids = 0;
  chat = assemble(
    line,
    {
      rooms: (cursor) => source.rooms(cursor),
      room: (roomId) => source.room(roomId),
      events: (roomId, query) => source.events(roomId, query),
    },
    nothingKept,
    () => `id-${(ids += 1)}`,
  );
});

describe("the list", () => {
  test("says when it cannot be read, and tries again by itself", async () => {
    server.open(["me", "mina"]);
    const working = source;
    source = { ...working, rooms: () => Promise.reject(new ApiProblem({ code: "unreachable", status: 0 })) };
    line.start("me");
    await time.pass(1_000);
    expect(chat.rooms.snapshot().phase).toBe("failed");
    source = working;
    await time.pass(4_000);
    expect(chat.rooms.snapshot().phase).toBe("ready");
  });

  test("belongs to one person", async () => {
    const roomId = server.open(["me", "mina"]);
    line.start("me");
    await time.pass(2_000);
    expect(chat.rooms.get(roomId)).not.toBeNull();
    line.stop();
    expect(chat.rooms.snapshot().phase).toBe("closed");
    expect(chat.rooms.get(roomId)).toBeNull();
  });
});

describe("a room reached by its address", () => {
  test("that does not stand in the list is read all the same", async () => {
    const roomId = server.open(["me", "mina"]);
    server.post(roomId, "mina", "c", "hello");
    const working = source;
    source = { ...working, rooms: () => Promise.resolve({ items: [], next: null }) };
    const conversation = chat.rooms.conversation(roomId);
    line.start("me");
    await time.pass(2_000);
    expect(chat.rooms.get(roomId)?.head_seq).toBe(1);
    expect(conversation.snapshot().phase).toBe("open");
  });

  test("that is not for me is gone, not opening for ever", async () => {
    line.start("me");
    await time.pass(2_000);
    const refused = new ApiProblem({ code: "not_a_member", status: 404 });
    const working = source;
    source = {
      ...working,
      room: () => Promise.reject(refused),
      events: () => Promise.reject(refused),
    };
    const conversation = chat.rooms.conversation("somebody-elses");
    await time.pass(1_000);
    expect(conversation.snapshot().phase).toBe("gone");
  });
});

describe("a cursor that stops among messages counted before", () => {
  test("makes the count be asked for, since it cannot be derived", async () => {
    const roomId = server.open(["me", "mina"]);
    for (let index = 0; index < 10; index += 1) server.post(roomId, "mina", `c${index}`, "x");
    line.start("me");
    await time.pass(2_000);
    expect(chat.rooms.get(roomId)?.unread).toBe(10);
    server.read(roomId, "me", 4);
    await time.pass(2_000);
    expect(chat.rooms.get(roomId)?.unread).toBe(6);
  });
});
