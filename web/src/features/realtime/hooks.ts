/** What screens may know of the line. */
import { useCallback, useSyncExternalStore } from "react";
import type * as W from "@/lib/wire";
import { realtime } from "./browser";
import type { Link } from "./connection";

/** How the connection stands. */
export function useLink(): Link {
  return useSyncExternalStore(realtime.subscribe, realtime.snapshot);
}

/** Whether the line was lost and is being sought again; not the first moments of a page. */
export function useReconnecting(): boolean {
  const link = useLink();
  if (link.kind === "waiting") return true;
  return (link.kind === "connecting" || link.kind === "greeting") && link.tries > 0;
}

/** Who is typing in a room, besides me. */
export function useTyping(roomId: string): readonly string[] {
  return useSyncExternalStore(
    realtime.liveness.subscribe,
    useCallback(() => realtime.liveness.typing(roomId), [roomId]),
  );
}

/** The last presence pushed for a person; null where none was. */
export function usePresence(userId: string): W.Presence | null {
  return useSyncExternalStore(
    realtime.liveness.subscribe,
    useCallback(() => realtime.liveness.presence(userId), [userId]),
  );
}
