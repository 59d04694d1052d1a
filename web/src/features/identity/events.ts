import type { QueryClient } from "@tanstack/react-query";
import { userEvents } from "@/lib/events";
import { identityKeys } from "./queries";

/** Keep me fresh; the answer stops it. */
export function listenToIdentity(client: QueryClient): () => void {
  const stops = [
    userEvents.on("profile.changed", ({ me }) => client.setQueryData(identityKeys.me, me)),
    userEvents.on("stale", ({ user }) => {
      if (user) void client.invalidateQueries({ queryKey: identityKeys.me });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
