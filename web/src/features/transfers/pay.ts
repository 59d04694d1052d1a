/** Opening the pay sheet from anywhere: `openPay({ person })`. */
import type { Amount, Person } from "@/lib/wire";

/**
 * A request, in part or whole; a line of a room's settle-up plan, a scheduled payment, or an invitation, in
 * full.
 */
export type Pays = { amount: Amount } & (
  | { requestId: string }
  | { settlesRoomId: string }
  | { runId: string }
  | { invitationId: string }
);

export interface PayTarget {
  /** To someone here. */
  person?: Person;
  /** To an address: r-address, X-address or XRPL URI. */
  address?: string;
  /** What to send; the person may choose another. */
  asset?: string;
  /** The room the card will stand in; our direct room otherwise. */
  roomId?: string;
  /** What the payment pays, and how much of it is open: goes straight to the review. */
  pays?: Pays;
}

let target: PayTarget | null = null;
const listeners = new Set<() => void>();

function set(next: PayTarget | null): void {
  target = next;
  for (const listener of listeners) listener();
}

export function openPay(to: PayTarget): void {
  set(to);
}

export function closePay(): void {
  set(null);
}

export const payStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  snapshot: (): PayTarget | null => target,
};
