/** Server data of invitations. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";
import { queryClient } from "@/lib/query";
import type { Invitation, InvitationAsk } from "@/lib/wire";

export const invitationKeys = { list: ["invitations"] as const };

/** My invitations, the newest first. */
export function useInvitations() {
  return useQuery({
    queryKey: invitationKeys.list,
    queryFn: async ({ signal }) => {
      const page = await api("GET /api/v1/invitations", { query: { limit: 50 }, signal });
      return page.items;
    },
  });
}

/** Invite a number. The same key with the same ask writes to nobody twice. */
export function useInvite() {
  return useMutation<Invitation, ApiProblem, { ask: InvitationAsk; idempotencyKey: string }>({
    mutationFn: ({ ask, idempotencyKey }) =>
      api("POST /api/v1/invitations", { body: ask, idempotencyKey }),
    onSuccess: forgetInvitations,
  });
}

/** Take an invitation back. */
export function useCancelInvitation() {
  return useMutation<Invitation, ApiProblem, string>({
    mutationFn: (id) => api("POST /api/v1/invitations/{id}/cancel", { path: { id } }),
    onSettled: forgetInvitations,
  });
}

/** Some invitation has changed. */
export function forgetInvitations(): void {
  void queryClient.invalidateQueries({ queryKey: invitationKeys.list });
}
