/**
 * Joins the parts of chat to a realtime line: rooms, what is on its way, read cursors. The page has
 * one of these (chat.ts); tests make theirs over a simulated server.
 */
import type { RealtimeClient } from "@/features/realtime";
import { isProblem } from "@/lib/problem";
import { Outbox, type OutboxStore } from "./outbox";
import { ReadMarker } from "./read-marker";
import { Rooms, type RoomsSource } from "./rooms";

export interface Chat {
  rooms: Rooms;
  outbox: Outbox;
  readMarker: ReadMarker;
}

/** Parts that begin and end with the person who is signed in. */
export interface Companion {
  open(userId: string): unknown;
  close(): void;
}

export function assemble(
  line: RealtimeClient,
  source: RoomsSource,
  store: OutboxStore,
  newClientId: () => string,
  companions: readonly Companion[] = [],
): Chat {
  const later = (ms: number, then: () => void): (() => void) => line.later(ms, then);
  const live = (): boolean => line.live;
  const outbox = new Outbox({
    store,
    send: (message) => line.ask("message.send", message),
    live,
    positionOf: (roomId) => rooms.get(roomId)?.head_seq ?? 0,
    refused: (roomId) => rooms.recheck(roomId),
    later,
    now: () => line.serverNow(),
    newClientId,
  });
  const rooms: Rooms = new Rooms(
    source,
    {
      track: (roomId, seq) => line.track(roomId, seq),
      note: (roomId, seq) => line.note(roomId, seq),
      untrack: (roomId) => line.untrack(roomId),
      ready: () => line.ready(),
      later,
    },
    (roomId, position, events) => {
      const clientIds = events.flatMap(({ message }) => (message === null ? [] : [message.client_id]));
      outbox.arrived(roomId, position, clientIds);
    },
    (error) => isProblem(error) && (error.status === 403 || error.status === 404),
  );
  const readMarker = new ReadMarker({
    move: (roomId, seq) => line.ask("read.move", { room_id: roomId, seq }),
    live,
    later,
  });
  line.attach({
    started(userId) {
      rooms.start(userId);
      void outbox.open(userId);
      for (const companion of companions) void companion.open(userId);
    },
    stopped() {
      rooms.stop();
      outbox.close();
      readMarker.reset();
      for (const companion of companions) companion.close();
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
  return { rooms, outbox, readMarker };
}
