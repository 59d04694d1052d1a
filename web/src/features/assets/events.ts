import { userEvents } from "@/lib/events";
import { queryClient } from "@/lib/query";
import { orderKeys, refreshAssets } from "./queries";

/** Read tokens and orders afresh as the server tells of changes. */
export function listenToAssets(): () => void {
  const stops = [
    userEvents.on("wallet.changed", refreshAssets),
    userEvents.on("order.turned", ({ order }) => {
      void queryClient.invalidateQueries({ queryKey: orderKeys.one(order.id) });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
