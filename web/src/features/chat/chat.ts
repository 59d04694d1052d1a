/**
 * Chat, put together: the rooms, what is on its way, drafts and read cursors of the one person who
 * is signed in on this page, joined to the realtime line and the server's HTTP routes.
 */
import { realtime } from "@/features/realtime";
import { api } from "@/lib/api";
import { isProblem } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { Drafts } from "./model/drafts";
import { Outbox } from "./model/outbox";
import { ReadMarker } from "./model/read-marker";
import { Rooms } from "./model/rooms";
import { forgetPerson, keepDraft, loadDrafts, outboxStore } from "./model/storage";

const later = (ms: number, then: () => void): (() => void) => realtime.later(ms, then);
const live = (): boolean => realtime.live;

export const outbox = new Outbox({
  store: outboxStore,
  send: (message) => realtime.ask("message.send", message),
  live,
  positionOf: (roomId) => rooms.get(roomId)?.head_seq ?? 0,
  refused: (roomId) => rooms.recheck(roomId),
  later,
  now: () => realtime.serverNow(),
  newClientId: () => crypto.randomUUID(),
});

export const rooms: Rooms = new Rooms(
  {
    rooms: (cursor) => api("GET /api/v1/rooms", { query: cursor === null ? {} : { cursor } }),
    room: (id) => api("GET /api/v1/rooms/{id}", { path: { id } }),
    events: (id, query) => api("GET /api/v1/rooms/{id}/events", { path: { id }, query }),
  },
  {
    track: (roomId, seq) => realtime.track(roomId, seq),
    note: (roomId, seq) => realtime.note(roomId, seq),
    untrack: (roomId) => realtime.untrack(roomId),
    ready: () => realtime.ready(),
    later,
  },
  (roomId, position, events) => {
    const clientIds = events.flatMap(({ message }) => (message === null ? [] : [message.client_id]));
    outbox.arrived(roomId, position, clientIds);
  },
  (error) => isProblem(error) && (error.status === 403 || error.status === 404),
);

export const drafts = new Drafts({ load: loadDrafts, keep: keepDraft, later });

export const readMarker = new ReadMarker({
  move: (roomId, seq) => realtime.ask("read.move", { room_id: roomId, seq }),
  live,
  later,
});

realtime.attach({
  started(userId) {
    rooms.start(userId);
    void outbox.open(userId);
    void drafts.open(userId);
  },
  stopped() {
    rooms.stop();
    outbox.close();
    drafts.close();
    readMarker.reset();
  },
  connected(resumed) {
    rooms.connected(resumed);
    outbox.wake();
    readMarker.wake();
  },
  disconnected() {
    // What is known stays shown; the next welcome says what was missed.
  },
  roomEvents: (roomId, events) => rooms.roomEvents(roomId, events),
  readMoved: (moved) => rooms.readMoved(moved),
  roomsStale: (roomIds) => rooms.roomsStale(roomIds),
  roomsMissing: (roomIds) => rooms.roomsMissing(roomIds),
});

/** The room with a person, made if there is none. @throws ApiProblem */
export async function openDirect(userId: string): Promise<W.Room> {
  const room = await api("POST /api/v1/rooms/direct", { body: { user_id: userId } });
  rooms.adopt(room);
  return room;
}

/** Take a stranger's room out of the request folder. @throws ApiProblem */
export async function acceptRequest(roomId: string): Promise<void> {
  rooms.adopt(await api("POST /api/v1/rooms/{id}/accept", { path: { id: roomId } }));
}

/** Decline a stranger's room. @throws ApiProblem */
export async function declineRequest(roomId: string): Promise<void> {
  await api("DELETE /api/v1/rooms/{id}/request", { path: { id: roomId } });
  rooms.remove(roomId);
}

/** Block a person: nothing of theirs comes any more. @throws ApiProblem */
export async function block(userId: string): Promise<void> {
  await api("PUT /api/v1/blocks/{user_id}", { path: { user_id: userId } });
  rooms.recheckWith(userId);
}

/** @throws ApiProblem */
export async function unblock(userId: string): Promise<void> {
  await api("DELETE /api/v1/blocks/{user_id}", { path: { user_id: userId } });
  rooms.recheckWith(userId);
}

/** I have seen the room up to its newest event. A stranger in the request folder does not learn it. */
export function markRead(room: W.Room): void {
  if (room.folder === "requests" || room.head_seq <= room.read_seq) return;
  rooms.readTo(room.id, room.head_seq);
  readMarker.move(room.id, room.head_seq);
}

/** Signing out: nothing that was written here stays on this device. */
export async function forgetChat(userId: string): Promise<void> {
  outbox.close();
  drafts.close();
  await forgetPerson(userId);
}
