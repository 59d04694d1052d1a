import { beforeEach, describe, expect, test } from "vitest";
import { AskFailed } from "@/features/realtime";
import type * as W from "@/lib/wire";
import { VirtualTime } from "../../realtime/simulation";
import { Outbox, type Outgoing } from "./outbox";

interface Sending {
  ask: W.MessageSend;
  ack: (seq: number) => void;
  fail: (code: string, retryAfterS?: number) => void;
}

let time: VirtualTime;
let live: boolean;
let sends: Sending[];
let kept: Map<string, Outgoing>;
let position: number;
let refused: string[];
let ids: number;

function makeOutbox(): Outbox {
  return new Outbox({
    store: {
      load: (userId) => Promise.resolve([...kept.values()].filter((row) => row.userId === userId)),
      put: (row) => Promise.resolve(void kept.set(row.clientId, row)),
      remove: (clientId) => Promise.resolve(void kept.delete(clientId)),
    },
    send: (ask) =>
      new Promise((resolve, reject) => {
        sends.push({
          ask,
          ack: (seq) =>
            resolve({ client_id: ask.client_id, room_id: ask.room_id, message_id: "m", seq, created_at: "2026-01-01T00:00:00Z" }),
          fail: (code, retryAfterS) => reject(new AskFailed(code, "", retryAfterS ?? null)),
        });
      }),
    live: () => live,
    positionOf: () => position,
    refused: (roomId) => refused.push(roomId),
    later: time.later,
    now: () => new Date("2026-01-01T00:00:00Z"),
    newClientId: () => `id-${(ids += 1)}`,
  });
}

let outbox: Outbox;
const states = () => outbox.of("r").map(({ body, delivery }) => `${body}: ${delivery.state}`);
const settle = () => time.pass(0);

beforeEach(async () => {
  time = new VirtualTime();
  live = true;
  sends = [];
  kept = new Map();
  position = 0;
  refused = [];
  ids = 0;
  outbox = makeOutbox();
  await outbox.open("me");
});

describe("a message", () => {
  test("is shown and kept before it is sent, and kept no longer once the server has it", async () => {
    outbox.add("r", "a");
    expect(states()).toEqual(["a: sending"]);
    expect(kept.size).toBe(1);
    sends[0]?.ack(1);
    await settle();
    expect(states()).toEqual(["a: sent"]);
    expect(kept.size).toBe(0);
    outbox.arrived("r", 1, ["id-1"]);
    expect(states()).toEqual([]);
  });

  test("may arrive before its ack", async () => {
    outbox.add("r", "a");
    position = 1;
    outbox.arrived("r", 1, ["id-1"]);
    sends[0]?.ack(1);
    await settle();
    expect(states()).toEqual([]);
    expect(kept.size).toBe(0);
  });

  test("that waits behind another is sent after its ack only, and in the order of writing", async () => {
    for (const body of ["a", "b", "c"]) outbox.add("r", body);
    expect(sends.length).toBe(1);
    sends[0]?.ack(1);
    await settle();
    sends[1]?.ack(2);
    await settle();
    expect(sends.map(({ ask }) => ask.body)).toEqual(["a", "b", "c"]);
  });

  test("in one room does not wait for another room", () => {
    outbox.add("r", "a");
    outbox.add("other", "b");
    expect(sends.map(({ ask }) => ask.room_id)).toEqual(["r", "other"]);
  });
});

describe("trouble that passes", () => {
  test("a lost connection queues, and the same client id is sent again with the next", async () => {
    outbox.add("r", "a");
    live = false;
    sends[0]?.fail("disconnected");
    await settle();
    outbox.add("r", "b");
    expect(states()).toEqual(["a: queued", "b: queued"]);
    live = true;
    outbox.wake();
    expect(sends[1]?.ask).toEqual(sends[0]?.ask);
  });

  test.each(["timeout", "busy", "unavailable", "too_many"])("%s is waited out without being overtaken", async (code) => {
    outbox.add("r", "a");
    outbox.add("r", "b");
    for (let round = 0; round < 8; round += 1) {
      sends.at(-1)?.fail(code, 2);
      await settle();
      expect(states()).toEqual(["a: queued", "b: queued"]);
      await time.pass(1_500);
      expect(sends.length).toBe(round + 1);
      await time.pass(15_000);
      expect(sends.length).toBe(round + 2);
    }
    expect(new Set(sends.map(({ ask }) => ask.body))).toEqual(new Set(["a"]));
  });

  test("trouble of the server is believed a few times, then said", async () => {
    outbox.add("r", "a");
    for (let round = 0; round < 5; round += 1) {
      sends.at(-1)?.fail("internal");
      await time.pass(20_000);
    }
    expect(states()).toEqual(["a: failed"]);
    expect(sends.length).toBe(5);
  });
});

describe("a refusal", () => {
  test("is said with its code, is kept, and holds up nothing", async () => {
    outbox.add("r", "a");
    outbox.add("r", "b");
    sends[0]?.fail("blocked");
    await settle();
    expect(outbox.of("r")[0]?.delivery).toEqual({ state: "failed", code: "blocked" });
    expect(kept.get("id-1")?.delivery.state).toBe("failed");
    expect(refused).toEqual(["r"]);
    expect(sends[1]?.ask.body).toBe("b");
  });

  test("can be tried again as the same message, or dropped", async () => {
    outbox.add("r", "a");
    sends[0]?.fail("blocked");
    await settle();
    outbox.retry("r", "id-1");
    expect(sends[1]?.ask.client_id).toBe("id-1");
    sends[1]?.fail("blocked");
    await settle();
    outbox.discard("r", "id-1");
    expect(states()).toEqual([]);
    expect(kept.size).toBe(0);
  });

  test("a message that is being sent cannot be dropped: it may be there already", () => {
    outbox.add("r", "a");
    outbox.discard("r", "id-1");
    expect(states()).toEqual(["a: sending"]);
  });
});

describe("a page that is closed and opened again", () => {
  test("goes on where it was, in order, with the same client ids", async () => {
    live = false;
    for (const body of ["a", "b"]) outbox.add("r", body);
    outbox = makeOutbox();
    live = true;
    await outbox.open("me");
    await settle();
    sends[0]?.ack(1);
    await settle();
    expect(sends.map(({ ask }) => [ask.client_id, ask.body])).toEqual([
      ["id-1", "a"],
      ["id-2", "b"],
    ]);
  });

  test("drops at once what had arrived long ago", async () => {
    outbox.add("r", "a");
    outbox = makeOutbox();
    await outbox.open("me");
    await settle();
    position = 9;
    sends.at(-1)?.ack(4);
    await settle();
    expect(states()).toEqual([]);
  });

  test("shows nothing to another person", async () => {
    live = false;
    outbox.add("r", "a");
    await outbox.open("someone else");
    expect(states()).toEqual([]);
    await outbox.open("me");
    expect(states()).toEqual(["a: queued"]);
  });

  test("takes over what another page of this browser left behind", async () => {
    live = false;
    const other = makeOutbox();
    await other.open("me");
    other.add("r", "from there");
    await settle();
    live = true;
    outbox.wake();
    await settle();
    expect(sends.map(({ ask }) => ask.body)).toEqual(["from there"]);
  });
});
