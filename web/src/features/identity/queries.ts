/** Who I am and where I am signed in. */
import { type QueryClient, queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { Me } from "@/lib/wire";

export const identityKeys = {
  me: ["me"] as const,
  sessions: ["sessions"] as const,
};

export const meQuery = queryOptions({
  queryKey: identityKeys.me,
  queryFn: ({ signal }) => api("GET /api/v1/me", { signal }),
  staleTime: 5 * 60_000,
});

/** Me; inside the shell it is always there. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** Forget everything that was read as the person who was signed in. */
export function forgetSession(client: QueryClient): void {
  client.clear();
}
