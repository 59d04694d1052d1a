import { describe, expect, test } from "vitest";
import type * as W from "@/lib/wire";
import type { Outgoing } from "./outbox";
import { seeded } from "../../realtime/simulation";
import { type BubbleRow, EMPTY_TIMELINE, type Row, timeline, type Timeline, type TimelineInput } from "./timeline";

const ME = "me";
const START = Date.parse("2026-03-04T03:00:10Z");

function message(seq: number, sender: string, seconds: number, body = `m${seq}`): W.Message {
  return {
    id: `id-${seq}`,
    room_id: "r",
    seq,
    sender_id: sender,
    client_id: `c-${seq}`,
    kind: "text",
    body,
    ref: null,
    card: null,
    created_at: new Date(START + seconds * 1000).toISOString(),
  };
}

function room(cursors: Record<string, number>): W.Room {
  return {
    id: "r",
    kind: "group",
    title: "t",
    members: Object.entries(cursors).map(([id, read_seq]) => ({
      person: { id, name: id, picture_url: null },
      read_seq,
      joined_seq: 0,
    })),
    folder: "main",
    head_seq: 0,
    read_seq: 0,
    unread: 0,
    last_message: null,
    can_write: true,
    created_at: "2026-01-01T00:00:00Z",
  };
}

function outgoing(clientId: string, seconds: number, delivery: Outgoing["delivery"]): Outgoing {
  return {
    clientId,
    userId: ME,
    roomId: "r",
    body: clientId,
    writtenAt: new Date(START + seconds * 1000).toISOString(),
    order: seconds,
    delivery,
  };
}

const input = (some: Partial<TimelineInput>): TimelineInput => ({
  room: null,
  myId: ME,
  messages: [],
  outgoing: [],
  dividerAfter: null,
  ...some,
});
const draw = (some: Partial<TimelineInput>) => timeline(input(some), EMPTY_TIMELINE);
const rowsOf = (drawn: { blocks: readonly { rows: readonly Row[] }[] }) => drawn.blocks.flatMap(({ rows }) => rows);
const bubbles = (some: Partial<TimelineInput>) =>
  rowsOf(draw(some)).filter((row): row is BubbleRow => row.kind === "bubble");
const shape = (row: Row) => (row.kind === "bubble" ? row.body : row.kind);

describe("groups", () => {
  test("are one sender within one minute", () => {
    const drawn = bubbles({
      messages: [message(1, ME, 0), message(2, ME, 20), message(3, "a", 30), message(4, "a", 55), message(5, "a", 56)],
    });
    expect(drawn.map(({ first, last }) => [first, last])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      // A new minute has begun.
      [true, false],
      [false, true],
    ]);
  });

  test("reach from posted messages into those on their way", () => {
    const drawn = bubbles({
      messages: [message(1, ME, 0)],
      outgoing: [outgoing("x", 5, { state: "sending" })],
    });
    expect(drawn.map(({ first, last }) => [first, last])).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});

describe("dividers", () => {
  test("a day stands over its first message", () => {
    const day = 86_400;
    expect(rowsOf(draw({ messages: [message(1, "a", 0), message(2, "a", 1), message(3, "a", day)] })).map(shape)).toEqual(
      ["day", "m1", "m2", "day", "m3"],
    );
  });

  test("the unread divider stands before the first unread message of others, and nowhere without", () => {
    const messages = [message(1, "a", 0), message(2, "a", 70), message(3, ME, 140), message(4, "a", 210)];
    const at = (dividerAfter: number | null) => rowsOf(draw({ messages, dividerAfter })).map(shape).indexOf("unread");
    expect(at(1)).toBe(2);
    expect(at(2)).toBe(4);
    expect(at(4)).toBe(-1);
    expect(at(null)).toBe(-1);
    // Nothing was read before: a divider over everything says nothing.
    expect(at(0)).toBe(-1);
  });
});

describe("my messages", () => {
  test("say how many of the others have not read them", () => {
    const drawn = bubbles({
      room: room({ [ME]: 3, a: 1, b: 2, c: 0 }),
      messages: [message(1, ME, 0), message(2, ME, 1), message(3, ME, 2), message(4, "a", 3)],
    });
    expect(drawn.map(({ unreadBy }) => unreadBy)).toEqual([1, 2, 3, null]);
  });

  test("keep their key from being written to being read", () => {
    const key = (some: Partial<TimelineInput>) => bubbles(some)[0]?.key;
    const posted = { ...message(7, ME, 0), client_id: "x" };
    expect(key({ outgoing: [outgoing("x", 0, { state: "queued" })] })).toBe(key({ messages: [posted] }));
  });

  test("stand once while both the event and the way there are known", () => {
    const posted = { ...message(7, ME, 0), client_id: "x" };
    expect(
      bubbles({
        messages: [posted],
        outgoing: [outgoing("x", 0, { state: "sent", seq: 7, createdAt: posted.created_at })],
      }).length,
    ).toBe(1);
  });
});

describe("redrawing", () => {
  const messages = Array.from({ length: 300 }, (_, index) => message(index + 101, index % 3 === 0 ? ME : "a", index * 20));

  test("gives back the same timeline when nothing changed", () => {
    const before = draw({ messages });
    expect(timeline(input({ messages: [...messages] }), before)).toBe(before);
  });

  const kept = (before: Timeline, after: Timeline) => {
    const rows = new Set(before.blocks.map((block) => block.rows));
    return after.blocks.filter((block) => rows.has(block.rows)).length;
  };

  test("a new message changes only the last block", () => {
    const before = draw({ messages });
    const after = timeline(input({ messages: [...messages, message(401, "a", 6_030)] }), before);
    expect(kept(before, after)).toBe(after.blocks.length - 1);
  });

  test("an older page leaves the blocks after it as they are", () => {
    const before = draw({ messages });
    const older = Array.from({ length: 100 }, (_, index) => message(index + 1, "b", index * 20 - 40_000));
    const after = timeline(input({ messages: [...older, ...messages] }), before);
    // The one where old and new meet is drawn anew.
    expect(kept(before, after)).toBeGreaterThanOrEqual(before.blocks.length - 1);
  });

  test("a cursor that moves redraws only the blocks whose numbers change", () => {
    const before = timeline(input({ messages, room: room({ [ME]: 0, a: 390 }) }), EMPTY_TIMELINE);
    const after = timeline(input({ messages, room: room({ [ME]: 0, a: 400 }) }), before);
    expect(kept(before, after)).toBe(after.blocks.length - 1);
  });

  test("shows the same as drawing from nothing, whatever came before", () => {
    const random = seeded(11);
    let before = EMPTY_TIMELINE;
    let [from, to, cursor, dividerAfter] = [150, 200, 0, null as number | null];
    let written: Outgoing[] = [];
    const all = Array.from({ length: 500 }, (_, index) => message(index, random() < 0.5 ? ME : "a", index * 25));
    for (let step = 0; step < 80; step += 1) {
      const chance = random();
      if (chance < 0.4 && to < 490) to += 1 + Math.floor(random() * 3);
      else if (chance < 0.5) from = Math.max(1, from - 20);
      else if (chance < 0.7) cursor = Math.max(cursor, Math.floor(random() * to));
      else if (chance < 0.8) dividerAfter = random() < 0.5 ? null : Math.floor(random() * to);
      else if (chance < 0.9) written = [...written, outgoing(`w${step}`, to * 25, { state: "queued" })];
      else written = written.slice(1).map((each) => ({ ...each, delivery: { state: "sent", seq: to, createdAt: each.writtenAt } }));
      const now = input({
        messages: all.slice(from, to),
        outgoing: written,
        room: room({ [ME]: 0, a: cursor, b: Math.floor(cursor / 2) }),
        dividerAfter,
      });
      before = timeline(now, before);
      expect(rowsOf(before)).toEqual(rowsOf(timeline(now, EMPTY_TIMELINE)));
    }
  });
});
