/**
 * Chat of the one person who is signed in on this page, joined to the realtime line and the server's
 * HTTP routes, with what people do to rooms.
 */
import { realtime } from "@/features/realtime";
import { api } from "@/lib/api";
import type * as W from "@/lib/wire";
import { assemble } from "./model/assemble";
import { Drafts } from "./model/drafts";
import { forgetPerson, keepDraft, loadDrafts, outboxStore } from "./model/storage";

export const drafts = new Drafts({
  load: loadDrafts,
  keep: keepDraft,
  later: (ms, then) => realtime.later(ms, then),
});

export const { rooms, outbox, readMarker } = assemble(
  realtime,
  {
    rooms: (cursor) => api("GET /api/v1/rooms", { query: cursor === null ? {} : { cursor } }),
    room: (id) => api("GET /api/v1/rooms/{id}", { path: { id } }),
    events: (id, query) => api("GET /api/v1/rooms/{id}/events", { path: { id }, query }),
  },
  outboxStore,
  () => crypto.randomUUID(),
  [drafts],
);

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
