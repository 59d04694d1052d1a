/** Those who look at a store, told once for a burst of changes: what they read is always the newest. */
export class Listeners {
  readonly #listeners = new Set<() => void>();
  readonly #later: (ms: number, then: () => void) => unknown;
  #pending = false;

  constructor(later: (ms: number, then: () => void) => unknown) {
    this.#later = later;
  }

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Something changed. A reconnect brings hundreds of events; they are one redrawing. */
  tell(): void {
    if (this.#pending || this.#listeners.size === 0) return;
    this.#pending = true;
    this.#later(0, () => {
      this.#pending = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
