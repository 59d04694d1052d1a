import { userEvents } from "@/lib/events";
import { watchBadge } from "./badge";
import { drafts, rooms } from "./chat";

/** Keep rooms as the server pushes them, and the page's badge with them; the answer stops it. */
export function listenToChat(): () => void {
  const leave = (): void => drafts.flush();
  window.addEventListener("pagehide", leave);
  const stops = [
    userEvents.on("room.opened", ({ room }) => rooms.adopt(room)),
    userEvents.on("room.folder", ({ room_id, folder }) => rooms.setFolder(room_id, folder)),
    userEvents.on("cursor.moved", ({ room_id, seq }) => rooms.readTo(room_id, seq)),
    userEvents.on("person.changed", ({ person }) => rooms.setPerson(person)),
    userEvents.on("block.added", ({ person }) => rooms.recheckWith(person.id)),
    userEvents.on("block.removed", ({ user_id }) => rooms.recheckWith(user_id)),
    userEvents.on("friend.added", ({ person }) => rooms.recheckWith(person.id)),
    watchBadge(),
    () => window.removeEventListener("pagehide", leave),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
