/** What is being written in each room, kept while the person is elsewhere. */

/** Typing is kept when it pauses for this long, and when the page is left. */
const PAUSE_MS = 400;

export interface DraftWorld {
  load(userId: string): Promise<Map<string, string>>;
  keep(userId: string, roomId: string, text: string): Promise<void>;
  later(ms: number, then: () => void): () => void;
}

export class Drafts {
  readonly #world: DraftWorld;
  readonly #texts = new Map<string, string>();
  readonly #unkept = new Map<string, () => void>();
  readonly #listeners = new Set<() => void>();
  #userId: string | null = null;

  constructor(world: DraftWorld) {
    this.#world = world;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly of = (roomId: string): string => this.#texts.get(roomId) ?? "";

  async open(userId: string): Promise<void> {
    this.close();
    this.#userId = userId;
    const kept = await this.#world.load(userId);
    if (this.#userId !== userId) return;
    for (const [roomId, text] of kept) if (!this.#texts.has(roomId)) this.#texts.set(roomId, text);
    this.#tell();
  }

  close(): void {
    this.flush();
    this.#userId = null;
    this.#texts.clear();
    this.#tell();
  }

  set(roomId: string, text: string): void {
    if (this.of(roomId) === text) return;
    this.#texts.set(roomId, text);
    this.#unkept.get(roomId)?.();
    this.#unkept.set(
      roomId,
      this.#world.later(PAUSE_MS, () => this.#keep(roomId)),
    );
    this.#tell();
  }

  /** Keep now what has not been kept yet: the page is being left. */
  flush(): void {
    for (const [roomId, disarm] of [...this.#unkept]) {
      disarm();
      this.#keep(roomId);
    }
  }

  #keep(roomId: string): void {
    this.#unkept.delete(roomId);
    if (this.#userId !== null) void this.#world.keep(this.#userId, roomId, this.of(roomId));
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
