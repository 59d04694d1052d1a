/** Money for people who are not here yet. */
export { listenToInvitations } from "./events";
export { InvitedList } from "./InvitedList";
