import { beforeEach, describe, expect, test } from "vitest";
import type * as W from "@/lib/wire";
import { AskFailed, Connection, type Link, type Owner } from "./connection";
import type { ServerFrame } from "./frames";
import { type MemorySocket, seeded, surroundings, VirtualTime } from "./simulation";

const WELCOME: W.Welcome = {
  user_id: "u",
  session_id: "s",
  device_id: "d",
  heartbeat_s: 10,
  heads: { user_seq: 0, rooms: {} },
  server_time: "2026-01-01T00:00:00Z",
};

let time: VirtualTime;
let world: ReturnType<typeof surroundings>;
let links: Link["kind"][];
let pushed: ServerFrame[];
let suspected: number;
let position: W.Position | null;
let connection: Connection;

beforeEach(() => {
  time = new VirtualTime();
  world = surroundings(time, seeded(7));
  links = [];
  pushed = [];
  suspected = 0;
  position = null;
  const owner: Owner = {
    position: () => position,
    welcomed: () => undefined,
    pushed: (frame) => pushed.push(frame),
    changed: (link) => links.push(link.kind),
    suspectSession: () => (suspected += 1),
  };
  connection = new Connection(world, owner);
});

function newest(): MemorySocket {
  const socket = world.sockets.at(-1);
  if (socket === undefined) throw new Error("no socket was opened");
  return socket;
}

async function goLive(): Promise<MemorySocket> {
  const socket = newest();
  socket.accept();
  const hello = socket.frames.at(-1);
  expect(hello?.t).toBe("hello");
  socket.receive("welcome", WELCOME, hello?.id);
  await time.pass(0);
  expect(connection.link.kind).toBe("live");
  return socket;
}

/** Answer every beat of a socket with heads. */
function answerBeats(socket: MemorySocket): void {
  socket.onSend = (text) => {
    const frame = JSON.parse(text) as { t: string; id: string };
    if (frame.t === "beat") time.later(20, () => socket.receive("heads", WELCOME.heads, frame.id));
  };
}

describe("coming in", () => {
  test("greets with the position and is live once welcomed", async () => {
    position = { user_seq: 3, rooms: { r: 9 } };
    connection.start();
    const socket = await goLive();
    expect(socket.frames[0]).toMatchObject({ t: "hello", d: { position } });
    expect(links).toEqual(["connecting", "greeting", "live"]);
  });

  test("gives up a socket that never opens, and one that never welcomes", async () => {
    connection.start();
    await time.pass(11_000);
    expect(world.sockets.length).toBe(2);
    newest().accept();
    await time.pass(12_000);
    expect(world.sockets.length).toBe(3);
    expect(world.sockets[1]?.closed).toBe(true);
  });

  test("waits longer after each failure, never in step, and asks about the session", async () => {
    connection.start();
    const waits: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      newest().cut();
      const { link } = connection;
      expect(link.kind).toBe("waiting");
      if (link.kind === "waiting") waits.push(link.until - time.now);
      await time.pass(21_000);
      newest();
    }
    expect(waits[0]).toBeLessThan(400);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20_000);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(10_000);
    expect(new Set(waits).size).toBe(waits.length);
    expect(suspected).toBe(1);
  });

  test("asks about the session at once when the server says that it ended", () => {
    connection.start();
    newest().cut(4401);
    expect(suspected).toBe(1);
  });
});

describe("staying", () => {
  test("beats every heartbeat and hands the heads on", async () => {
    connection.start();
    answerBeats(await goLive());
    await time.pass(35_000);
    expect(newest().frames.filter(({ t }) => t === "beat").length).toBe(3);
    expect(pushed.map(({ t }) => t)).toEqual(["heads", "heads", "heads"]);
    expect(connection.link.kind).toBe("live");
  });

  test("holds a socket for dead that answers no beat, and comes back", async () => {
    connection.start();
    const socket = await goLive();
    await time.pass(17_900);
    expect(connection.link.kind).toBe("live");
    await time.pass(1_000);
    expect(socket.closed).toBe(true);
    await time.pass(400);
    expect(world.sockets.length).toBe(2);
  });

  test("counts anything heard as a sign of life", async () => {
    connection.start();
    const socket = await goLive();
    for (let second = 0; second < 60; second += 4) {
      socket.receive("typing", { room_id: "r", user_id: "u" });
      await time.pass(4_000);
    }
    expect(connection.link.kind).toBe("live");
  });

  test("doubts the socket when the page comes back, and replaces a dead one within seconds", async () => {
    connection.start();
    await goLive();
    connection.nudge();
    await time.pass(3_500);
    expect(world.sockets.length).toBe(2);
  });

  test("does not judge by a timer that comes late because the page slept", async () => {
    connection.start();
    const socket = await goLive();
    await time.pass(10_000);
    // The machine sleeps: time jumps, and the answer to the beat lies in the queue behind the timer.
    world.now = () => time.now + 600_000;
    await time.pass(8_000);
    expect(socket.closed).toBe(false);
    expect(connection.link.kind).toBe("live");
  });

  test("believes the device when it says there is no network, and returns at once with it", async () => {
    connection.start();
    await goLive();
    world.isOnline = false;
    connection.nudge();
    expect(connection.link.kind).toBe("offline");
    await time.pass(60_000);
    expect(world.sockets.length).toBe(1);
    world.isOnline = true;
    connection.nudge();
    expect(connection.link.kind).toBe("connecting");
  });

  test("comes back when it is told to", async () => {
    connection.start();
    const socket = await goLive();
    socket.receive("bye", { code: "moving", retry_after_s: 3 });
    expect(connection.link.kind).toBe("waiting");
    await time.pass(2_900);
    expect(world.sockets.length).toBe(1);
    await time.pass(600);
    expect(world.sockets.length).toBe(2);
  });

  test("hangs up on what does not speak our protocol, and passes over newer frames", async () => {
    connection.start();
    const socket = await goLive();
    socket.receive("from.the.future", { x: 1 });
    expect(connection.link.kind).toBe("live");
    socket.onmessage?.({ data: "<html>" });
    expect(connection.link.kind).toBe("waiting");
  });
});

describe("asking", () => {
  const fetch = { room_id: "r", after: 1 };

  test("gets the answer with its own id", async () => {
    connection.start();
    const socket = await goLive();
    const [first, second] = [connection.ask("room.fetch", fetch), connection.ask("room.fetch", fetch)];
    const [a, b] = socket.frames.slice(-2);
    socket.receive("room.events", { room_id: "r", items: [], head_seq: 2 }, b?.id);
    socket.receive("room.events", { room_id: "r", items: [], head_seq: 1 }, a?.id);
    expect((await first).head_seq).toBe(1);
    expect((await second).head_seq).toBe(2);
    expect(pushed).toEqual([]);
  });

  test("fails with the server's code", async () => {
    connection.start();
    const socket = await goLive();
    const asked = connection.ask("room.fetch", fetch);
    socket.receive("error", { code: "too_many", detail: "", retry_after_s: 2 }, socket.frames.at(-1)?.id);
    await expect(asked).rejects.toMatchObject({ code: "too_many", retryAfterS: 2 });
  });

  test("fails when the socket is lost, when nothing comes, and when there is no socket", async () => {
    connection.start();
    await expect(connection.ask("room.fetch", fetch)).rejects.toMatchObject({ code: "disconnected" });
    const socket = await goLive();
    answerBeats(socket);
    const silent = connection.ask("room.fetch", fetch);
    silent.catch(() => undefined);
    await time.pass(10_000);
    await expect(silent).rejects.toMatchObject({ code: "timeout" });
    const lost = connection.ask("room.fetch", fetch);
    socket.cut();
    await expect(lost).rejects.toBeInstanceOf(AskFailed);
  });

  test("a late answer to a question given up reaches nobody", async () => {
    connection.start();
    const socket = await goLive();
    answerBeats(socket);
    const asked = connection.ask("room.fetch", fetch);
    const id = socket.frames.at(-1)?.id;
    asked.catch(() => undefined);
    await time.pass(10_500);
    pushed.length = 0;
    socket.receive("room.events", { room_id: "r", items: [], head_seq: 1 }, id);
    expect(pushed).toEqual([]);
  });
});
