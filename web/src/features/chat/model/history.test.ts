import { describe, expect, test } from "vitest";
import type * as W from "@/lib/wire";
import { append, emptyHistory, prepend } from "./history";

function posted(seq: number, card: object | null = null): W.RoomEvent {
  return event(seq, "posted", {
    message: {
      id: `m${seq}`,
      room_id: "r",
      seq,
      sender_id: "a",
      client_id: `c${seq}`,
      kind: card === null ? "text" : "transfer",
      body: "",
      ref: null,
      card: card as W.Message["card"],
      created_at: "2026-01-01T00:00:00Z",
    },
  });
}

function turned(seq: number, target: number, version: number): W.RoomEvent {
  return event(seq, "card", { target_id: `m${target}`, data: { version } as unknown as W.RoomEvent["data"] });
}

function event(seq: number, kind: W.EventKind, some: Partial<W.RoomEvent>): W.RoomEvent {
  return { room_id: "r", seq, kind, message: null, target_id: null, data: null, created_at: "2026-01-01T00:00:00Z", ...some };
}

const seqs = (history: { messages: readonly W.Message[] }) => history.messages.map(({ seq }) => seq);

describe("a room's past", () => {
  test("grows at both ends and knows its beginning", () => {
    const newest = prepend(emptyHistory(6), [posted(5), posted(6)], false);
    const later = append(newest, [posted(7)]);
    const whole = prepend(later, [posted(1), posted(2), posted(3), posted(4)], true);
    expect(seqs(whole)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([whole.from, whole.to, whole.complete]).toEqual([1, 7, true]);
  });

  test("is not changed by what it knows already", () => {
    const history = prepend(emptyHistory(2), [posted(1), posted(2)], true);
    expect(append(history, [posted(1), posted(2)])).toBe(history);
    expect(seqs(prepend(history, [posted(1), posted(2)], true))).toEqual([1, 2]);
  });

  test("takes no event that leaves a gap", () => {
    expect(() => append(emptyHistory(3), [posted(5)])).toThrow(RangeError);
  });
});

describe("cards", () => {
  test("turn where they stand", () => {
    const history = append(emptyHistory(0), [posted(1, { version: 1 }), turned(2, 1, 2)]);
    expect(history.messages[0]?.card).toEqual({ version: 2 });
  });

  test("turn a message that is read later, whichever state its page tells", () => {
    for (const told of [1, 2, 3]) {
      const newest = append(emptyHistory(1), [turned(2, 1, 2)]);
      const whole = prepend(newest, [posted(1, { version: told })], true);
      expect(whole.messages[0]?.card).toEqual({ version: Math.max(told, 2) });
    }
  });

  test("never turn back", () => {
    const history = append(emptyHistory(0), [posted(1, { version: 3 }), turned(2, 1, 2)]);
    expect(history.messages[0]?.card).toEqual({ version: 3 });
  });

  test("turn through several pages", () => {
    const newest = append(emptyHistory(8), [turned(9, 1, 4)]);
    const middle = prepend(newest, [turned(7, 1, 3), posted(8)], false);
    const whole = prepend(middle, [posted(1, { version: 1 }), turned(2, 1, 2)], true);
    expect(whole.messages[0]?.card).toEqual({ version: 4 });
    expect(whole.turnedBefore.size).toBe(0);
  });
});
