/** Server data of the wallet: one hook a resource, keys beside them. */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";
import { concat, uuidBytes } from "@/lib/bytes";
import { queryClient } from "@/lib/query";
import { type ActivityFilter, queryOf } from "./activity-filter";
import { seal } from "./seal";
import type { Me, Recovery, RecoveryAsk, Wallet } from "@/lib/wire";

export const walletKeys = {
  wallet: ["wallet"] as const,
  activity: ["wallet", "activity"] as const,
  recoveries: ["wallet", "recoveries"] as const,
  workerKey: ["wallet", "worker-key"] as const,
};

const CREATING_POLL_MS = 1_500;

/** My wallet; asked again while it is being made, kept live by events afterwards. */
export function useWallet() {
  return useQuery({
    queryKey: walletKeys.wallet,
    queryFn: ({ signal }) => api("GET /api/v1/wallet", { signal }),
    refetchInterval: ({ state }) =>
      state.data?.state === "creating" || state.data?.state === "funding" ? CREATING_POLL_MS : false,
  });
}

/** My movements that fit, newest first, a page at a time. */
export function useActivity(filter: ActivityFilter) {
  const query = queryOf(filter);
  return useInfiniteQuery({
    queryKey: [...walletKeys.activity, "list", query],
    queryFn: ({ pageParam, signal }) =>
      api("GET /api/v1/wallet/activity", {
        query: pageParam === null ? query : { ...query, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** One movement. */
export function useOneActivity(id: string) {
  return useQuery({
    queryKey: [...walletKeys.activity, "one", id],
    queryFn: ({ signal }) => api("GET /api/v1/wallet/activity/{id}", { path: { id }, signal }),
  });
}

/** Tries to bring this wallet to another device. */
export function useRecoveries() {
  return useQuery({
    queryKey: walletKeys.recoveries,
    queryFn: ({ signal }) => api("GET /api/v1/wallet/recoveries", { signal }),
  });
}

/** The worker's public key, asked anew for every secret: it may have been rotated. */
export function workerKey() {
  return queryClient.query({
    queryKey: walletKeys.workerKey,
    queryFn: () => api("GET /api/v1/wallet/worker-key"),
    staleTime: 60_000,
  });
}

/** Set the payment PIN, or change it when `oldPin` is given. */
export function useSetPin(me: Me) {
  return useMutation({
    mutationFn: async ({ pin, oldPin }: { pin: string; oldPin?: string }) => {
      const key = await workerKey();
      const context = uuidBytes(me.id);
      await api("PUT /api/v1/wallet/pin", {
        body: {
          worker_key_id: key.id,
          sealed_pin: await seal(key, "pin.set", context, pin),
          sealed_old_pin: oldPin === undefined ? null : await seal(key, "pin.set", context, oldPin),
        },
      });
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: walletKeys.wallet }),
  });
}

/** Make `code` the recovery code; it voids the one before. */
export function useSetRecoveryCode(me: Me) {
  return useMutation({
    mutationFn: async ({ code, pin }: { code: string; pin: string }) => {
      const key = await workerKey();
      const context = uuidBytes(me.id);
      await api("POST /api/v1/wallet/recovery-code", {
        body: {
          worker_key_id: key.id,
          sealed_code: await seal(key, "recovery.set", context, code),
          sealed_pin: await seal(key, "recovery.pin", context, pin),
        },
      });
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: walletKeys.wallet }),
  });
}

/** Ask for the wallet on this device: with the code, or by a trusted device's consent. */
export function useStartRecovery(me: Me, deviceId: string | null) {
  return useMutation({
    mutationFn: async (input: { code: string; newPin: string | null } | "consent"): Promise<Recovery> => {
      if (input === "consent") return start({ method: "consent" });
      if (deviceId === null) throw new RangeError("this device is not known yet");
      const key = await workerKey();
      const device = concat(uuidBytes(me.id), uuidBytes(deviceId));
      return start({
        method: "code",
        worker_key_id: key.id,
        sealed_code: await seal(key, "recovery.use", device, input.code),
        sealed_new_pin:
          input.newPin === null ? null : await seal(key, "pin.set", uuidBytes(me.id), input.newPin),
      });
    },
    onSuccess: (recovery) => rememberRecovery(recovery),
  });
}

function start(body: RecoveryAsk): Promise<Recovery> {
  return api("POST /api/v1/wallet/recoveries", { body });
}

/** Let another device have the wallet; needs the PIN. */
export function useConsent(me: Me) {
  return useMutation({
    mutationFn: async ({ recovery, pin }: { recovery: Recovery; pin: string }) => {
      const key = await workerKey();
      const context = concat(uuidBytes(me.id), uuidBytes(recovery.id));
      return api("POST /api/v1/wallet/recoveries/{id}/consent", {
        path: { id: recovery.id },
        body: { worker_key_id: key.id, sealed_pin: await seal(key, "recovery.consent", context, pin) },
      });
    },
    onSuccess: (recovery) => rememberRecovery(recovery),
  });
}

/** Stop another device from getting the wallet. */
export function useVeto() {
  return useMutation({
    mutationFn: (recovery: Recovery) =>
      api("POST /api/v1/wallet/recoveries/{id}/veto", { path: { id: recovery.id } }),
    onSuccess: (recovery) => rememberRecovery(recovery),
  });
}

/** Put one recovery's new state into the list. */
export function rememberRecovery(recovery: Recovery): void {
  queryClient.setQueryData<Recovery[]>(walletKeys.recoveries, (list = []) => [
    recovery,
    ...list.filter(({ id }) => id !== recovery.id),
  ]);
  void queryClient.invalidateQueries({ queryKey: walletKeys.wallet, exact: true });
}

/** Put a wallet's new state into the cache, unless a newer one is there. */
export function rememberWallet(wallet: Wallet): void {
  queryClient.setQueryData<Wallet>(walletKeys.wallet, (known) => {
    if (known === undefined) return wallet;
    if ((known.ledger_index ?? 0) > (wallet.ledger_index ?? 0)) return known;
    // An event goes to every device, and does not say what each may do where they differ.
    return wallet.trust === null ? { ...wallet, trust: known.trust, spend_after: known.spend_after } : wallet;
  });
}
