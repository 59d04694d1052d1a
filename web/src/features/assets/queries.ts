/** Server data of tokens, and the calls that take one up, change its limit or let it go. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { seal, workerKey } from "@/features/wallet";
import { api } from "@/lib/api";
import { hexBytes } from "@/lib/bytes";
import type { ApiProblem } from "@/lib/problem";
import { queryClient } from "@/lib/query";
import type { Assets, Order, OrderAsk, OrderCheck, OrderState } from "@/lib/wire";

export const assetKeys = {
  all: ["assets"] as const,
  list: ["assets", "list"] as const,
  terms: (asset: string) => ["assets", "terms", asset] as const,
};

export const orderKeys = {
  one: (id: string) => ["orders", id] as const,
};

/** Events tell of every change; this is for the case that one was missed. */
const POLL_MS = 2_000;

const TERMINAL: readonly OrderState[] = ["done", "partly", "failed", "expired", "cancelled"];

/** Whether nothing can change any more. */
export function isOver(state: OrderState): boolean {
  return TERMINAL.includes(state);
}

/** What I hold, hidden ones included, and the verified tokens that I could. */
export function useAssets() {
  return useQuery({
    queryKey: assetKeys.list,
    queryFn: ({ signal }) => api("GET /api/v1/assets", { signal }),
  });
}

/** One token, with its issuer's terms as the ledger holds them now. */
export function useTerms(asset: string) {
  return useQuery({
    queryKey: assetKeys.terms(asset),
    queryFn: ({ signal }) => api("GET /api/v1/assets/{asset}", { path: { asset }, signal }),
    staleTime: 0,
  });
}

/** Among my balances, or not. */
export function useShow() {
  return useMutation<Assets, ApiProblem, { asset: string; shown: boolean }>({
    mutationFn: ({ asset, shown }) =>
      api("PUT /api/v1/assets/{asset}/shown", { path: { asset }, body: { shown } }),
    onSuccess: (assets) => {
      queryClient.setQueryData(assetKeys.list, assets);
      void queryClient.invalidateQueries({ queryKey: ["assets", "terms"] });
      void queryClient.invalidateQueries({ queryKey: ["wallet"], exact: true });
    },
  });
}

/** Everything about tokens is read afresh where it is shown. */
export function refreshAssets(): void {
  void queryClient.invalidateQueries({ queryKey: assetKeys.all });
}

/** One order of mine, live. */
export function useOrder(id: string | null) {
  return useQuery({
    queryKey: orderKeys.one(id ?? ""),
    queryFn: ({ signal }) => api("GET /api/v1/orders/{id}", { path: { id: id ?? "" }, signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      state.data === undefined || isOver(state.data.state) ? false : POLL_MS,
  });
}

/** Put an order's state into the cache unless a newer one is there. */
export function rememberOrder(order: Order): Order {
  queryClient.setQueryData<Order>(orderKeys.one(order.id), (known) =>
    known !== undefined && known.version > order.version ? known : order,
  );
  if (isOver(order.state)) refreshAssets();
  return order;
}

/** What it would cost, and what would stop it or warn. */
export function checkOrder(ask: OrderAsk): Promise<OrderCheck> {
  return api("POST /api/v1/orders/checks", { body: ask });
}

/** Store the intent. The same key with the same ask answers the same order. */
export async function makeOrder(ask: OrderAsk, idempotencyKey: string): Promise<Order> {
  return rememberOrder(await api("POST /api/v1/orders", { body: ask, idempotencyKey }));
}

/** The order as it is now. */
export async function readOrder(id: string): Promise<Order> {
  return rememberOrder(await api("GET /api/v1/orders/{id}", { path: { id } }));
}

/** Approve exactly this set of bytes with the PIN, sealed so that only the worker can read it. */
export async function approveOrder(id: string, approvalHash: string, pin: string): Promise<Order> {
  const key = await workerKey();
  const body = {
    approval_hash: approvalHash,
    worker_key_id: key.id,
    sealed_pin: await seal(key, "order.approve", hexBytes(approvalHash), pin),
  };
  return rememberOrder(await api("POST /api/v1/orders/{id}/approve", { path: { id }, body }));
}

/** Take back what has not been approved. */
export async function cancelOrder(id: string): Promise<void> {
  rememberOrder(await api("POST /api/v1/orders/{id}/cancel", { path: { id } }));
}
