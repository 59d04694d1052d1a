import type { QueryClient } from "@tanstack/react-query";
import { userEvents } from "@/lib/events";
import type { Friend, FriendRequest } from "@/lib/wire";
import { friendKeys } from "./queries";

/** Keep friends, requests and blocks fresh; the answer stops it. */
export function listenToFriends(client: QueryClient): () => void {
  const refresh = (...keys: (readonly string[])[]) => {
    for (const queryKey of keys) void client.invalidateQueries({ queryKey });
  };
  const stops = [
    userEvents.on("friend.requested", (request) => {
      client.setQueryData<FriendRequest[]>(friendKeys.requests, (old) =>
        old === undefined ? old : [request, ...old.filter(({ id }) => id !== request.id)],
      );
    }),
    userEvents.on("friend.request_closed", (request) => {
      client.setQueryData<FriendRequest[]>(friendKeys.requests, (old) =>
        old?.filter(({ id }) => id !== request.id),
      );
    }),
    userEvents.on("friend.added", () => refresh(friendKeys.friends, friendKeys.requests)),
    userEvents.on("friend.removed", () => refresh(friendKeys.friends)),
    userEvents.on("block.added", () => refresh(friendKeys.blocks, friendKeys.friends)),
    userEvents.on("block.removed", () => refresh(friendKeys.blocks, friendKeys.friends)),
    userEvents.on("presence", ({ user_id, online, last_seen_at }) => {
      client.setQueryData<Friend[]>(friendKeys.friends, (old) =>
        old?.map((friend) =>
          friend.person.id === user_id
            ? { ...friend, online, last_seen_at: last_seen_at ?? friend.last_seen_at }
            : friend,
        ),
      );
    }),
    userEvents.on("stale", ({ user }) => {
      if (user) refresh(friendKeys.friends, friendKeys.requests, friendKeys.blocks);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
