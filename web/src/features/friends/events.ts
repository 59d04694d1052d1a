/**
 * What pushed events do to my friends, requests and blocks. The law: what was read, changed by every
 * event since, equals what would be read now (events.test.ts).
 */
import type { QueryClient } from "@tanstack/react-query";
import { userEvents } from "@/lib/events";
import type { Blocked, Friend, FriendRequest, Person } from "@/lib/wire";
import { friendKeys } from "./queries";

/** Keep friends, requests and blocks fresh; the answer stops it. */
export function listenToFriends(client: QueryClient): () => void {
  const change = <T>(queryKey: readonly string[], next: (old: T[]) => T[]) => {
    client.setQueryData<T[]>(queryKey, (old) => (old === undefined ? undefined : next(old)));
    // An answer on its way may be older than the event: ask again.
    if (client.getQueryState(queryKey)?.fetchStatus === "fetching") {
      void client.refetchQueries({ queryKey });
    }
  };
  const friends = (next: (old: Friend[]) => Friend[]) => change(friendKeys.friends, next);
  const requests = (next: (old: FriendRequest[]) => FriendRequest[]) =>
    change(friendKeys.requests, next);
  const blocks = (next: (old: Blocked[]) => Blocked[]) => change(friendKeys.blocks, next);
  const refreshAll = () => {
    for (const queryKey of Object.values(friendKeys)) void client.invalidateQueries({ queryKey });
  };

  const stops = [
    userEvents.on("friend.requested", (request) =>
      requests((old) => [request, ...old.filter(({ id }) => id !== request.id)]),
    ),
    userEvents.on("friend.request_closed", ({ id }) =>
      requests((old) => old.filter((request) => request.id !== id)),
    ),
    userEvents.on("friend.added", (friend) =>
      friends((old) => [...old.filter(others(friend.person.id)), friend]),
    ),
    userEvents.on("friend.removed", ({ user_id }) => friends((old) => old.filter(others(user_id)))),
    userEvents.on("block.added", (blocked) =>
      blocks((old) => [blocked, ...old.filter(others(blocked.person.id))]),
    ),
    userEvents.on("block.removed", ({ user_id }) => blocks((old) => old.filter(others(user_id)))),
    userEvents.on("person.changed", ({ person }) => {
      friends((old) => old.map(renamed(person)));
      requests((old) => old.map(renamed(person)));
      blocks((old) => old.map(renamed(person)));
    }),
    userEvents.on("presence", ({ user_id, online, last_seen_at }) =>
      friends((old) =>
        old.map((friend) =>
          friend.person.id === user_id
            ? { ...friend, online, last_seen_at: last_seen_at ?? friend.last_seen_at }
            : friend,
        ),
      ),
    ),
    userEvents.on("stale", ({ user }) => {
      if (user) refreshAll();
    }),
    // Presence has no position: what changed while the line was down is only known by asking.
    userEvents.on("connection", ({ online }) => {
      if (online) void client.invalidateQueries({ queryKey: friendKeys.friends });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function others(userId: string) {
  return ({ person }: { person: Person }) => person.id !== userId;
}

function renamed(changed: Person) {
  return <T extends { person: Person }>(entry: T): T =>
    entry.person.id === changed.id ? { ...entry, person: changed } : entry;
}
