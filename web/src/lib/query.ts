/** The one TanStack Query client: server data is fresh until an event says otherwise. */
import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "@/lib/problem";

const TRIES_MAX = 3;

/** Waiting helps where nothing was answered or the server stumbled; a refusal stays a refusal. */
function retriable(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Events keep caches fresh (lib/events.ts); this covers what was missed unnoticed.
      staleTime: 30_000,
      gcTime: 30 * 60_000,
      retry: (count, error) => count < TRIES_MAX && retriable(error),
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
