/** Server data of schedules, and what can be done about one. */
import { queryOptions, useMutation } from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";
import { queryClient } from "@/lib/query";
import type { Schedule, ScheduleAsk } from "@/lib/wire";

const PAGE = 100;

export const schedulesQuery = queryOptions({
  queryKey: ["schedules"] as const,
  queryFn: ({ signal }) => api("GET /api/v1/schedules", { query: { limit: PAGE }, signal }),
});

/** Some schedule is another now: the list is read again where it is shown. */
export function refreshSchedules(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: schedulesQuery.queryKey });
}

export type ScheduleDeed = "pause" | "resume" | "skip" | "cancel";

export function useScheduleDeed() {
  return useMutation<Schedule, ApiProblem, { id: string; deed: ScheduleDeed }>({
    mutationFn: ({ id, deed }) => api(`POST /api/v1/schedules/{id}/${deed}`, { path: { id } }),
    onSettled: refreshSchedules,
  });
}

/** Schedule a payment. The same key with the same ask makes one. */
export function useMakeSchedule() {
  return useMutation<Schedule, ApiProblem, { ask: ScheduleAsk; idempotencyKey: string }>({
    mutationFn: ({ ask, idempotencyKey }) =>
      api("POST /api/v1/schedules", { body: ask, idempotencyKey }),
    onSettled: refreshSchedules,
  });
}
