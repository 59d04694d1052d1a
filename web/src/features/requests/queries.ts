/** Server data of requests: what can be done about one, and who owes whom in a room. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";
import { queryClient } from "@/lib/query";
import type { MoneyRequest, RequestAsk, SplitCheck } from "@/lib/wire";

const requestKeys = {
  settleUp: (roomId: string) => ["settle-up", roomId] as const,
};

/** Who owes whom in a room; read afresh whenever it is opened, and after a payment. */
export function useSettleUp(roomId: string) {
  return useQuery({
    queryKey: requestKeys.settleUp(roomId),
    queryFn: ({ signal }) =>
      api("GET /api/v1/requests/settle-up", { query: { room_id: roomId }, signal }),
    refetchOnMount: "always",
    staleTime: 0,
  });
}

/** Some request has changed: what a room owes may be another. */
export function forgetBalances(): void {
  void queryClient.invalidateQueries({ queryKey: ["settle-up"] });
}

/** Everyone's part, exact; nothing is made. */
export function useSplitCheck() {
  return useMutation<SplitCheck, ApiProblem, RequestAsk>({
    mutationFn: (body) => api("POST /api/v1/requests/checks", { body }),
  });
}

/** Ask. The same key with the same ask makes one request. */
export function useMakeRequest() {
  return useMutation<MoneyRequest, ApiProblem, { ask: RequestAsk; idempotencyKey: string }>({
    mutationFn: ({ ask, idempotencyKey }) =>
      api("POST /api/v1/requests", { body: ask, idempotencyKey }),
  });
}

export type RequestDeed = "decline" | "cancel" | "remind";

export function useRequestDeed() {
  return useMutation<MoneyRequest, ApiProblem, { id: string; deed: RequestDeed }>({
    mutationFn: ({ id, deed }) => api(`POST /api/v1/requests/{id}/${deed}`, { path: { id } }),
  });
}
