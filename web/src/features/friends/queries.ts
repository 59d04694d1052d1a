/** Friends, requests and blocks, as the server has them. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";

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
