/**
 * Tells the server how far I have read: the newest position only, not too often, and again after a
 * lost connection. The list shows it at once.
 */
import { AskFailed } from "@/features/realtime";

export interface ReadWorld {
  /** @throws AskFailed */
  move(roomId: string, seq: number): Promise<unknown>;
  live(): boolean;
  later(ms: number, then: () => void): () => void;
}

/** The least time between two moves of one room. */
const PAUSE_MS = 400;
const RETRY_MS = 2_000;

interface Marker {
  wanted: number;
  told: number;
  busy: boolean;
}

export class ReadMarker {
  readonly #world: ReadWorld;
  readonly #markers = new Map<string, Marker>();

  constructor(world: ReadWorld) {
    this.#world = world;
  }

  move(roomId: string, seq: number): void {
    const marker = this.#markers.get(roomId) ?? { wanted: 0, told: 0, busy: false };
    this.#markers.set(roomId, marker);
    if (seq <= marker.wanted) return;
    marker.wanted = seq;
    this.#push(roomId, marker);
  }

  /** Connected again. */
  wake(): void {
    for (const [roomId, marker] of this.#markers) this.#push(roomId, marker);
  }

  reset(): void {
    this.#markers.clear();
  }

  #push(roomId: string, marker: Marker): void {
    if (marker.busy || marker.told >= marker.wanted || !this.#world.live()) return;
    marker.busy = true;
    const seq = marker.wanted;
    const again = (ms: number): void => {
      this.#world.later(ms, () => {
        marker.busy = false;
        if (this.#markers.get(roomId) === marker) this.#push(roomId, marker);
      });
    };
    this.#world.move(roomId, seq).then(
      () => {
        marker.told = seq;
        again(PAUSE_MS);
      },
      (error: unknown) => {
        const code = error instanceof AskFailed ? error.code : "internal";
        if (code === "disconnected") {
          marker.busy = false;
          return;
        }
        // A refusal stands: the room is not ours to read any more.
        if (code !== "timeout" && code !== "too_many" && code !== "unavailable") marker.told = seq;
        again(RETRY_MS);
      },
    );
  }
}
