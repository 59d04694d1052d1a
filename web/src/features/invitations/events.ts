/** Pushed events of invitations. */
import { userEvents } from "@/lib/events";
import { forgetInvitations } from "./queries";

export function listenToInvitations(): () => void {
  return userEvents.on("invitation.turned", forgetInvitations);
}
