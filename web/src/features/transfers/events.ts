import { userEvents } from "@/lib/events";
import { rememberTransfer } from "./queries";

/** Keep transfers as the server pushes them. */
export function listenToTransfers(): () => void {
  return userEvents.on("transfer.turned", ({ transfer }) => rememberTransfer(transfer));
}
