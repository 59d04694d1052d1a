/**
 * What has no position and is forgotten by itself: who is typing where, and who is here.
 *
 * A typing frame lives `TYPING_S`; a message of the same person ends it sooner. Presence is what was
 * said last. Both are read through `useSyncExternalStore` and keep identity while nothing changes.
 */
import type * as W from "@/lib/wire";

const TYPING_MS = 6_000;
const NOBODY: readonly string[] = [];

export class Liveness {
  readonly #later: (ms: number, then: () => void) => () => void;
  readonly #typing = new Map<string, Map<string, () => void>>();
  readonly #typingIds = new Map<string, readonly string[]>();
  readonly #presence = new Map<string, W.Presence>();
  readonly #listeners = new Set<() => void>();

  constructor(later: (ms: number, then: () => void) => () => void) {
    this.#later = later;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Who is typing in a room, in the order they began. */
  typing(roomId: string): readonly string[] {
    return this.#typingIds.get(roomId) ?? NOBODY;
  }

  /** The last thing said about a person; null where nothing was. */
  presence(userId: string): W.Presence | null {
    return this.#presence.get(userId) ?? null;
  }

  typed({ room_id, user_id }: W.Typing): void {
    const room = this.#typing.get(room_id) ?? new Map<string, () => void>();
    this.#typing.set(room_id, room);
    room.get(user_id)?.();
    const known = room.has(user_id);
    room.set(
      user_id,
      this.#later(TYPING_MS, () => this.stopped(room_id, user_id)),
    );
    if (!known) this.#typingChanged(room_id, room);
  }

  /** They wrote what they were typing, or gave up. */
  stopped(roomId: string, userId: string): void {
    const room = this.#typing.get(roomId);
    const disarm = room?.get(userId);
    if (room === undefined || disarm === undefined) return;
    disarm();
    room.delete(userId);
    this.#typingChanged(roomId, room);
  }

  seen(presence: W.Presence): void {
    this.#presence.set(presence.user_id, presence);
    this.#tell();
  }

  /** Nothing is heard any more: nobody is known to be typing. */
  silence(): void {
    for (const [roomId, room] of [...this.#typing]) {
      for (const userId of [...room.keys()]) this.stopped(roomId, userId);
    }
  }

  /** Another person signs in. */
  reset(): void {
    this.silence();
    this.#presence.clear();
    this.#tell();
  }

  #typingChanged(roomId: string, room: Map<string, () => void>): void {
    if (room.size === 0) {
      this.#typing.delete(roomId);
      this.#typingIds.delete(roomId);
    } else this.#typingIds.set(roomId, [...room.keys()]);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
