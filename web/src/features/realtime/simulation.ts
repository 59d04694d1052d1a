/**
 * For tests: time that only moves when told, chance with a seed, and sockets in memory.
 * Everything is replayed exactly by its seed.
 */
import type { SocketLike, Surroundings } from "./connection";

/** A number generator that always says the same for one seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Due {
  at: number;
  order: number;
  run: () => void;
}

export class VirtualTime {
  #now = 0;
  #order = 0;
  #due: Due[] = [];

  get now(): number {
    return this.#now;
  }

  readonly later = (ms: number, run: () => void): (() => void) => {
    this.#order += 1;
    const due = { at: this.#now + Math.max(0, ms), order: this.#order, run };
    this.#due.push(due);
    return () => {
      this.#due = this.#due.filter((other) => other !== due);
    };
  };

  /** Let time pass, and promises settle after every single thing that happens. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      let next: Due | null = null;
      for (const due of this.#due) {
        if (due.at > until) continue;
        if (next === null || due.at < next.at || (due.at === next.at && due.order < next.order)) {
          next = due;
        }
      }
      if (next === null) break;
      const chosen = next;
      this.#due = this.#due.filter((other) => other !== chosen);
      this.#now = chosen.at;
      chosen.run();
      await settled();
    }
    this.#now = until;
  }
}

/** Every promise that can settle has settled. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

/** The client's end of a socket in memory. */
export class MemorySocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: string[] = [];
  closed = false;
  onSend: (text: string) => void = () => undefined;
  onClientClose: () => void = () => undefined;

  send(text: string): void {
    this.sent.push(text);
    this.onSend(text);
  }

  close(): void {
    this.closed = true;
    this.onClientClose();
  }

  /** The server takes the connection. */
  accept(): void {
    if (!this.closed) this.onopen?.();
  }

  /** A frame from the server. */
  receive(t: string, d: unknown, id?: string): void {
    if (!this.closed) this.onmessage?.({ data: JSON.stringify(id === undefined ? { t, d } : { t, id, d }) });
  }

  /** The other end is gone. */
  cut(code = 1006): void {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.({ code });
  }

  /** The frames sent so far, read. */
  get frames(): { t: string; id?: string; d: Record<string, unknown> }[] {
    return this.sent.map((text) => JSON.parse(text) as { t: string; id?: string; d: Record<string, unknown> });
  }
}

/** Surroundings over virtual time; `sockets` holds every socket that was opened. */
export function surroundings(time: VirtualTime, random: () => number) {
  const sockets: MemorySocket[] = [];
  const world: Surroundings & { sockets: MemorySocket[]; isOnline: boolean; opened: (socket: MemorySocket) => void } = {
    sockets,
    isOnline: true,
    opened: () => undefined,
    open() {
      const socket = new MemorySocket();
      sockets.push(socket);
      world.opened(socket);
      return socket;
    },
    now: () => time.now,
    later: time.later,
    random,
    online: () => world.isOnline,
  };
  return world;
}
