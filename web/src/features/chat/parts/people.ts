/** Who is who in a room. */
import type * as W from "@/lib/wire";

/** The other person of a direct room; null in a group, or where they are gone. */
export function otherOf(room: W.Room, myId: string): W.Person | null {
  if (room.kind !== "direct") return null;
  return room.members.find(({ person }) => person.id !== myId)?.person ?? null;
}

export function personIn(room: W.Room | null, userId: string): W.Person | null {
  return room?.members.find(({ person }) => person.id === userId)?.person ?? null;
}
