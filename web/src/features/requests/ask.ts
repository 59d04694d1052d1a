/** Opening the ask sheet from anywhere: `openAsk({ room })`. */
import type { Room } from "@/lib/wire";

export interface AskTarget {
  /** Whose people are asked, and where the card will stand. */
  room: Room;
  /** Show who owes whom, instead of asking. */
  settleUp?: boolean;
}

let target: AskTarget | null = null;
const listeners = new Set<() => void>();

function set(next: AskTarget | null): void {
  target = next;
  for (const listener of listeners) listener();
}

export function openAsk(to: AskTarget): void {
  set(to);
}

export function closeAsk(): void {
  set(null);
}

export const askStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  snapshot: (): AskTarget | null => target,
};
