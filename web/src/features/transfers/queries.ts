/** Server data of transfers: reading one, and the three calls that make, approve and cancel it. */
import { useQuery } from "@tanstack/react-query";
import { seal, walletKeys, workerKey } from "@/features/wallet";
import { api } from "@/lib/api";
import { hexBytes } from "@/lib/bytes";
import { queryClient } from "@/lib/query";
import type { Transfer, TransferAsk, TransferState } from "@/lib/wire";

export const transferKeys = {
  one: (id: string) => ["transfers", id] as const,
};

/** Events tell of every change; this is for the case that one was missed. */
const POLL_MS = 3_000;

const TERMINAL: readonly TransferState[] = ["settled", "failed", "expired", "cancelled"];

/** Whether nothing can change any more. */
export function isTerminal(state: TransferState): boolean {
  return TERMINAL.includes(state);
}

/** One transfer of mine, live. */
export function useTransfer(id: string | null) {
  return useQuery({
    queryKey: transferKeys.one(id ?? ""),
    queryFn: ({ signal }) => api("GET /api/v1/transfers/{id}", { path: { id: id ?? "" }, signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      state.data === undefined || isTerminal(state.data.state) ? false : POLL_MS,
  });
}

/** Put a transfer's state into the cache unless a newer one is there. */
export function rememberTransfer(transfer: Transfer): void {
  queryClient.setQueryData<Transfer>(transferKeys.one(transfer.id), (known) =>
    known !== undefined && known.version > transfer.version ? known : transfer,
  );
  if (isTerminal(transfer.state)) {
    void queryClient.invalidateQueries({ queryKey: walletKeys.wallet });
  }
}

/** Store the intent. The same key with the same ask answers the same transfer. */
export async function makeTransfer(ask: TransferAsk, idempotencyKey: string): Promise<Transfer> {
  const transfer = await api("POST /api/v1/transfers", { body: ask, idempotencyKey });
  rememberTransfer(transfer);
  return transfer;
}

/** Draw up the transfer that pays an invitation. */
export async function payInvitation(
  id: string,
  warnings: string[],
  idempotencyKey: string,
): Promise<Transfer> {
  const transfer = await api("POST /api/v1/invitations/{id}/pay", {
    path: { id },
    body: { accepted_warnings: warnings },
    idempotencyKey,
  });
  rememberTransfer(transfer);
  return transfer;
}

/** Approve exactly these bytes with the PIN, sealed so that only the worker can read it. */
export async function approveTransfer(id: string, signingHash: string, pin: string): Promise<Transfer> {
  const key = await workerKey();
  const transfer = await api("POST /api/v1/transfers/{id}/approve", {
    path: { id },
    body: {
      signing_hash: signingHash,
      worker_key_id: key.id,
      sealed_pin: await seal(key, "transfer.approve", hexBytes(signingHash), pin),
    },
  });
  rememberTransfer(transfer);
  return transfer;
}

/** Take back what has not been approved. */
export async function cancelTransfer(id: string): Promise<void> {
  rememberTransfer(await api("POST /api/v1/transfers/{id}/cancel", { path: { id } }));
}
