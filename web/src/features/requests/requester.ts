import { useRoom } from "@/features/chat";
import type { Person } from "@/lib/wire";

/** Who asks, as the room knows them; null once they have left. */
export function useRequester(roomId: string, userId: string): Person | null {
  const room = useRoom(roomId);
  return room?.members.find(({ person }) => person.id === userId)?.person ?? null;
}
