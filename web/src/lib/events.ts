/**
 * What the server pushes, as typed events inside the app.
 *
 * features/realtime owns the socket and calls `userEvents.emit`; every feature listens with
 * `userEvents.on` in its own `events.ts` and updates its query cache there. Order is the order of
 * the socket. A listener that throws does not stop the others.
 */
import type * as W from "@/lib/wire";

export interface UserEventMap {
  // social
  "friend.requested": W.FriendRequest;
  "friend.request_closed": W.FriendRequest;
  "friend.added": W.Friend;
  "friend.removed": { user_id: string };
  "block.added": W.Blocked;
  "block.removed": { user_id: string };
  // identity
  "profile.changed": { me: W.Me };
  "person.changed": { person: W.Person };
  // chat
  "room.opened": { room: W.Room };
  "room.folder": { room_id: string; folder: W.RoomFolder };
  "cursor.moved": { room_id: string; seq: number };
  // wallet
  "wallet.changed": { wallet: W.Wallet };
  "wallet.activity": { entry: W.Activity };
  "recovery.started": { recovery: W.Recovery };
  "recovery.closed": { recovery: W.Recovery };
  "device.trusted": { device_id: string };
  // transfers
  "transfer.turned": { transfer: W.Transfer };
  "order.turned": { order: W.OrderSummary };
  "request.turned": { request: W.MoneyRequest };
  "request.reminded": { request: W.MoneyRequest };
  "schedule.turned": { schedule: W.Schedule };
  "schedule.noticed": { schedule: W.Schedule };
  "schedule.asked": { schedule: W.Schedule };
  "invitation.turned": { invitation: W.Invitation };
  // webhooks
  "webhook.disabled": { webhook: W.Webhook };
  // pushed without a position
  presence: W.Presence;
  /** Too much was missed, or a new session: read the user's state afresh. */
  stale: { rooms: string[]; user: boolean };
  /** The socket came up (again) or went down. */
  connection: { online: boolean };
}

export type UserEventKind = keyof UserEventMap;
type Listener<K extends UserEventKind> = (data: UserEventMap[K]) => void;

export class Emitter {
  readonly #listeners = new Map<UserEventKind, Set<Listener<never>>>();

  /** Listen; the answer stops listening. */
  on<K extends UserEventKind>(kind: K, listener: Listener<K>): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<K extends UserEventKind>(kind: K, data: UserEventMap[K]): void {
    for (const listener of [...(this.#listeners.get(kind) ?? [])]) {
      try {
        (listener as Listener<K>)(data);
      } catch (error) {
        // Shown in the console and to window.onerror; the other listeners still hear the event.
        reportError(error);
      }
    }
  }
}

export const userEvents = new Emitter();
