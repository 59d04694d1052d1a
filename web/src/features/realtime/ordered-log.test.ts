import { describe, expect, test } from "vitest";
import { OrderedLog } from "./ordered-log";

const event = (seq: number) => ({ seq });
const seqs = (events: { seq: number }[]) => events.map(({ seq }) => seq);

describe("an ordered log", () => {
  test("gives each event once, in order, whatever order they come in", () => {
    const log = new OrderedLog(4);
    const given = [6, 5, 5, 8, 6, 7, 4, 9].flatMap((seq) => seqs(log.offer(event(seq))));
    expect(given).toEqual([5, 6, 7, 8, 9]);
    expect(log.behind).toBe(false);
  });

  test("knows that something is missing from an early event, or from a head", () => {
    const early = new OrderedLog(0);
    expect(early.offer(event(2))).toEqual([]);
    expect([early.behind, early.position, early.head]).toEqual([true, 0, 2]);
    const told = new OrderedLog(3);
    told.noteHead(3);
    expect(told.behind).toBe(false);
    told.noteHead(5);
    expect(told.behind).toBe(true);
  });

  test("goes on from a state read afresh with what had come early", () => {
    const log = new OrderedLog(1);
    log.offer(event(7));
    log.offer(event(5));
    expect(seqs(log.skipTo(6))).toEqual([7]);
    expect(log.position).toBe(7);
    expect(log.skipTo(3)).toEqual([]);
    expect(log.position).toBe(7);
  });

  test("keeps no more early events than its bound, and still ends complete", () => {
    const log = new OrderedLog(0);
    for (let seq = 5_000; seq >= 2; seq -= 1) log.offer(event(seq));
    const given: number[] = [];
    for (let seq = 1; seq <= 5_000; seq += 1) given.push(...seqs(log.offer(event(seq))));
    expect(given).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
  });
});
