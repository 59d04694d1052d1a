import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { userEvents } from "@/lib/events";
import type { Blocked, Friend, FriendRequest, Person } from "@/lib/wire";
import { listenToFriends } from "./events";
import { friendKeys } from "./queries";

const mina: Person = { id: "mina", name: "미나", picture_url: null };
const jun: Person = { id: "jun", name: "준", picture_url: null };
const since = "2026-03-04T00:00:00Z";
const friend = (person: Person): Friend => ({ person, since, online: false, last_seen_at: null });
const request = (person: Person): FriendRequest => ({
  id: `request-${person.id}`,
  person,
  incoming: true,
  state: "open",
  created_at: since,
});

let client: QueryClient;
let stop: () => void;
const friends = () => client.getQueryData<Friend[]>(friendKeys.friends);
const requests = () => client.getQueryData<FriendRequest[]>(friendKeys.requests);
const blocks = () => client.getQueryData<Blocked[]>(friendKeys.blocks);

beforeEach(() => {
  client = new QueryClient();
  client.setQueryData(friendKeys.friends, [friend(jun)]);
  client.setQueryData(friendKeys.requests, []);
  client.setQueryData(friendKeys.blocks, []);
  stop = listenToFriends(client);
});
afterEach(() => {
  stop();
  client.clear();
});

test("a request that is accepted turns into a friend", () => {
  userEvents.emit("friend.requested", request(mina));
  expect(requests()).toEqual([request(mina)]);
  userEvents.emit("friend.request_closed", { ...request(mina), state: "accepted" });
  userEvents.emit("friend.added", friend(mina));
  expect(requests()).toEqual([]);
  expect(friends()).toEqual([friend(jun), friend(mina)]);
});

test("an event that comes twice changes nothing more", () => {
  for (let time = 0; time < 2; time += 1) {
    userEvents.emit("friend.requested", request(mina));
    userEvents.emit("friend.added", friend(mina));
    userEvents.emit("block.added", { person: jun, since });
    userEvents.emit("friend.removed", { user_id: "jun" });
  }
  expect(requests()).toHaveLength(1);
  expect(friends()).toEqual([friend(mina)]);
  expect(blocks()).toHaveLength(1);
});

test("a new name stands everywhere at once", () => {
  userEvents.emit("friend.requested", request(mina));
  userEvents.emit("person.changed", { person: { ...mina, name: "미나리" } });
  userEvents.emit("person.changed", { person: { ...jun, name: "준호" } });
  expect(requests()?.[0]?.person.name).toBe("미나리");
  expect(friends()?.[0]?.person.name).toBe("준호");
});

test("presence turns the dot and keeps when someone was last seen", () => {
  userEvents.emit("presence", { user_id: "jun", online: false, last_seen_at: since });
  userEvents.emit("presence", { user_id: "jun", online: true, last_seen_at: null });
  expect(friends()?.[0]).toMatchObject({ online: true, last_seen_at: since });
});

test("a list that was never read is not made up from events", () => {
  client.removeQueries({ queryKey: friendKeys.friends });
  userEvents.emit("friend.added", friend(mina));
  expect(friends()).toBeUndefined();
});

test("an event during a reading makes it read again", async () => {
  const answers: ((friends: Friend[]) => void)[] = [];
  const read = vi.fn(() => new Promise<Friend[]>((resolve) => answers.push(resolve)));
  const reading = client.query({ queryKey: friendKeys.friends, queryFn: read, staleTime: 0 });
  userEvents.emit("friend.added", friend(mina));
  answers[0]?.([friend(jun)]);
  answers[1]?.([friend(jun), friend(mina)]);
  await reading.catch(() => undefined);
  await vi.waitFor(() => expect(client.isFetching()).toBe(0));
  expect(friends()).toEqual([friend(jun), friend(mina)]);
});

test("whoever stopped listening hears nothing", () => {
  stop();
  userEvents.emit("friend.removed", { user_id: "jun" });
  expect(friends()).toHaveLength(1);
});
