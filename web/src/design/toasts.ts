/** Short sentences that come and go; `toast("…")` from anywhere. Never for what must be read. */
export interface ToastEntry {
  id: number;
  text: string;
  tone: "neutral" | "danger";
  action?: { label: string; run: () => void };
}

const SHOWN_MAX = 3;

class Toasts {
  #entries: readonly ToastEntry[] = [];
  #last = 0;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly ToastEntry[] => this.#entries;

  /** Whether there ever was one. */
  readonly used = (): boolean => this.#last > 0;

  add(entry: Omit<ToastEntry, "id">): void {
    this.#last += 1;
    const others = this.#entries.filter(({ text }) => text !== entry.text);
    this.#set([...others, { ...entry, id: this.#last }].slice(-SHOWN_MAX));
  }

  remove(id: number): void {
    this.#set(this.#entries.filter((entry) => entry.id !== id));
  }

  #set(entries: readonly ToastEntry[]): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }
}

export const toasts = new Toasts();

/** Say something shortly. `tone: "danger"` is read aloud at once. */
export function toast(text: string, options: Partial<Omit<ToastEntry, "id" | "text">> = {}): void {
  toasts.add({ tone: "neutral", ...options, text });
}
