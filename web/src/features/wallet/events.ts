import { userEvents } from "@/lib/events";
import { queryClient } from "@/lib/query";
import { rememberRecovery, rememberWallet, walletKeys } from "./queries";

/** Keep balance, activity and recoveries as the server pushes them. */
export function listenToWallet(): () => void {
  const stops = [
    userEvents.on("wallet.changed", ({ wallet }) => rememberWallet(wallet)),
    userEvents.on("wallet.activity", () => {
      void queryClient.invalidateQueries({ queryKey: walletKeys.activity });
    }),
    userEvents.on("transfer.turned", () => {
      void queryClient.invalidateQueries({ queryKey: walletKeys.activity });
    }),
    userEvents.on("recovery.started", ({ recovery }) => rememberRecovery(recovery)),
    userEvents.on("recovery.closed", ({ recovery }) => rememberRecovery(recovery)),
    userEvents.on("device.trusted", () => {
      void queryClient.invalidateQueries({ queryKey: walletKeys.wallet });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
