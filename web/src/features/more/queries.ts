/** Devices, and signing out. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { identityKeys } from "@/features/identity";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";

export const sessionsQuery = queryOptions({
  queryKey: identityKeys.sessions,
  queryFn: ({ signal }) => api("GET /api/v1/auth/sessions", { signal }),
});

/** Sign another device out; without an id, all others. */
export function useRevoke() {
  const client = useQueryClient();
  return useMutation<undefined, ApiProblem, { sessionId: string | null }>({
    mutationFn: ({ sessionId }) =>
      sessionId === null
        ? api("DELETE /api/v1/auth/sessions")
        : api("DELETE /api/v1/auth/sessions/{id}", { path: { id: sessionId } }),
    onSettled: () => client.invalidateQueries({ queryKey: identityKeys.sessions }),
  });
}

/** Sign this device out. */
export function useSignOut() {
  return useMutation<undefined, ApiProblem>({
    mutationFn: () => api("DELETE /api/v1/auth/sessions/current"),
  });
}
