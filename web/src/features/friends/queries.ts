/** Friends, requests and blocks, as the server has them, and what one can do about them. */
import {
  type QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";
import type {
  Blocked,
  FriendRequest,
  FriendSearchAsk,
  FriendSearchResult,
  RemovalSide,
  Room,
} from "@/lib/wire";

export const friendKeys = {
  friends: ["friends"] as const,
  requests: ["friend-requests"] as const,
  blocks: ["blocks"] as const,
};

export const friendsQuery = queryOptions({
  queryKey: friendKeys.friends,
  queryFn: ({ signal }) => api("GET /api/v1/friends", { signal }),
});

export const requestsQuery = queryOptions({
  queryKey: friendKeys.requests,
  queryFn: ({ signal }) => api("GET /api/v1/friend-requests", { signal }),
});

export const blocksQuery = queryOptions({
  queryKey: friendKeys.blocks,
  queryFn: ({ signal }) => api("GET /api/v1/blocks", { signal }),
});

/** Requests that wait for my answer, for the tab bar. */
export function useOpenRequestCount(): number {
  const { data } = useQuery({
    ...requestsQuery,
    select: (requests) =>
      requests.filter(({ incoming, state }) => incoming && state === "open").length,
  });
  return data ?? 0;
}

/** Whoever stands where may have changed: read all three lists again. */
function refreshAll(client: QueryClient): Promise<unknown> {
  return Promise.all(
    Object.values(friendKeys).map((queryKey) => client.invalidateQueries({ queryKey })),
  );
}

/** Who has exactly this number. */
export function useSearch() {
  return useMutation<FriendSearchResult, ApiProblem, FriendSearchAsk>({
    mutationFn: (body) => api("POST /api/v1/friends/search", { body }),
  });
}

export function useAskFriend() {
  const client = useQueryClient();
  return useMutation<FriendRequest, ApiProblem, { userId: string }>({
    mutationFn: ({ userId }) => api("POST /api/v1/friend-requests", { body: { user_id: userId } }),
    onSettled: () => refreshAll(client),
  });
}

export type RequestAnswer = "accept" | "decline" | "cancel";

export function useAnswerRequest() {
  const client = useQueryClient();
  return useMutation<FriendRequest, ApiProblem, { requestId: string; answer: RequestAnswer }>({
    mutationFn: ({ requestId, answer }) =>
      api(`POST /api/v1/friend-requests/{id}/${answer}`, { path: { id: requestId } }),
    onSettled: () => refreshAll(client),
  });
}

export function useRemoveFriend() {
  const client = useQueryClient();
  return useMutation<undefined, ApiProblem, { userId: string; side: RemovalSide }>({
    mutationFn: ({ userId, side }) =>
      api("DELETE /api/v1/friends/{user_id}", { path: { user_id: userId }, query: { side } }),
    onSettled: () => refreshAll(client),
  });
}

export function useBlock() {
  const client = useQueryClient();
  return useMutation<Blocked, ApiProblem, { userId: string }>({
    mutationFn: ({ userId }) => api("PUT /api/v1/blocks/{user_id}", { path: { user_id: userId } }),
    onSettled: () => refreshAll(client),
  });
}

export function useUnblock() {
  const client = useQueryClient();
  return useMutation<undefined, ApiProblem, { userId: string }>({
    mutationFn: ({ userId }) =>
      api("DELETE /api/v1/blocks/{user_id}", { path: { user_id: userId } }),
    onSettled: () => refreshAll(client),
  });
}

/** The room with someone, made if there is none. */
export function useOpenRoom() {
  return useMutation<Room, ApiProblem, { userId: string }>({
    mutationFn: ({ userId }) => api("POST /api/v1/rooms/direct", { body: { user_id: userId } }),
  });
}
