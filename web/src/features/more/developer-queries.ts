/** Access tokens and webhooks: one hook a resource, keys beside them. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api } from "@/lib/api";
import type {
  AccessTokenAsk,
  Delivery,
  DeliveryState,
  Page,
  WebhookAsk,
  WebhookChangeAsk,
} from "@/lib/wire";
import { webhookKeys } from "./webhook-keys";

const tokensKey = ["access-tokens"] as const;

/** While something waits for its next attempt, the list is asked again. */
const DELIVERIES_POLL_MS = 2_000;
const REPLAY_DAYS = 30;

export const tokensQuery = queryOptions({
  queryKey: tokensKey,
  queryFn: ({ signal }) => api("GET /api/v1/access-tokens", { signal }),
});

export const webhooksQuery = queryOptions({
  queryKey: webhookKeys.webhooks,
  queryFn: ({ signal }) => api("GET /api/v1/webhooks", { signal }),
});

export const eventTypesQuery = queryOptions({
  queryKey: webhookKeys.eventTypes,
  queryFn: ({ signal }) => api("GET /api/v1/webhooks/event-types", { signal }),
  staleTime: "static",
});

/** What was told to a webhook, newest first, a page at a time. */
export const deliveriesQuery = (id: string, state: DeliveryState | "all") =>
  infiniteQueryOptions({
    queryKey: [...webhookKeys.deliveries(id), state],
    queryFn: ({ pageParam, signal }): Promise<Page<Delivery>> =>
      api("GET /api/v1/webhooks/{id}/deliveries", {
        path: { id },
        query: {
          ...(state === "all" ? {} : { state }),
          ...(pageParam === null ? {} : { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some(({ items }) => items.some((item) => item.state === "pending")) === true
        ? DELIVERIES_POLL_MS
        : false,
  });

export const deliveryQuery = (webhookId: string, deliveryId: string) =>
  queryOptions({
    queryKey: [...webhookKeys.deliveries(webhookId), "one", deliveryId],
    queryFn: ({ signal }) =>
      api("GET /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", {
        path: { webhook_id: webhookId, delivery_id: deliveryId },
        signal,
      }),
    refetchInterval: ({ state: { data } }) =>
      data?.delivery.state === "pending" ? DELIVERIES_POLL_MS : false,
  });

export function useMakeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: AccessTokenAsk) => api("POST /api/v1/access-tokens", { body }),
    onSettled: () => client.invalidateQueries({ queryKey: tokensKey }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api("DELETE /api/v1/access-tokens/{id}", { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: tokensKey }),
  });
}

export function useAddWebhook() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: WebhookAsk) => api("POST /api/v1/webhooks", { body }),
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.webhooks }),
  });
}

export function useChangeWebhook(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: WebhookChangeAsk) =>
      api("PATCH /api/v1/webhooks/{id}", { path: { id }, body }),
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.webhooks }),
  });
}

export function useRemoveWebhook(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api("DELETE /api/v1/webhooks/{id}", { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.webhooks }),
  });
}

export function useRotateSecret(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api("POST /api/v1/webhooks/{id}/secret", { path: { id }, body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.webhooks }),
  });
}

export function useTestWebhook(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api("POST /api/v1/webhooks/{id}/test", { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.deliveries(id) }),
  });
}

/** Send one delivery again, or without an id everything that failed and is still kept. */
export function useReplay(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (deliveryId: string | null): Promise<number> => {
      if (deliveryId !== null) {
        await api("POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", {
          path: { webhook_id: id, delivery_id: deliveryId },
        });
        return 1;
      }
      const until = new Date();
      const since = new Date(until.getTime() - REPLAY_DAYS * 86_400_000);
      const body = { since: since.toISOString(), until: until.toISOString() };
      const { count } = await api("POST /api/v1/webhooks/{id}/replay", { path: { id }, body });
      return count;
    },
    onSettled: () => client.invalidateQueries({ queryKey: webhookKeys.deliveries(id) }),
  });
}
