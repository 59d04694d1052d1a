import { userEvents } from "@/lib/events";
import { forgetBalances } from "./queries";

/** Balances of rooms are read afresh when a request turns; its card turns with its room. */
export function listenToRequests(): () => void {
  return userEvents.on("request.turned", forgetBalances);
}
