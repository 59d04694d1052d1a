/**
 * Puts numbered events back in order: each exactly once, strictly by `seq`.
 *
 * What comes early waits in a buffer of bounded size; what comes twice is dropped; `behind` says
 * that something is missing and from where to fetch it.
 */

/** Early events kept while the ones before them are fetched; beyond this they are fetched too. */
const EARLY_MAX = 1_000;

export class OrderedLog<E extends { seq: number }> {
  readonly #early = new Map<number, E>();
  #position: number;
  #head: number;

  /** @param position - The newest event already known. */
  constructor(position: number) {
    this.#position = position;
    this.#head = position;
  }

  /** The newest event that has been given out, in order. */
  get position(): number {
    return this.#position;
  }

  /** The newest event known to exist. */
  get head(): number {
    return this.#head;
  }

  /** Whether an event before the head has not come yet. */
  get behind(): boolean {
    return this.#position < this.#head;
  }

  /** Somebody says that events up to `seq` exist. */
  noteHead(seq: number): void {
    if (seq > this.#head) this.#head = seq;
  }

  /** Take an event; the answer is what can be applied now, in order (often just this one). */
  offer(event: E): E[] {
    this.noteHead(event.seq);
    if (event.seq <= this.#position) return [];
    if (event.seq > this.#position + 1) {
      if (this.#early.size < EARLY_MAX) this.#early.set(event.seq, event);
      return [];
    }
    const ready = [event];
    this.#early.delete(event.seq);
    this.#position = event.seq;
    for (;;) {
      const next = this.#early.get(this.#position + 1);
      if (next === undefined) break;
      this.#early.delete(next.seq);
      ready.push(next);
      this.#position = next.seq;
    }
    return ready;
  }

  /**
   * Everything up to and including `seq` is known by other means (state read afresh): go on from
   * there. Never goes back. The answer is what had come early and can be applied now.
   */
  skipTo(seq: number): E[] {
    if (seq <= this.#position) return [];
    this.#position = seq;
    this.noteHead(seq);
    for (const early of [...this.#early.keys()]) if (early <= seq) this.#early.delete(early);
    const next = this.#early.get(seq + 1);
    return next === undefined ? [] : this.offer(next);
  }
}
