/** Asking for money: the ask sheet, the card of a request in a room, settling up. */
export { openAsk } from "./ask";
export { AskHost } from "./AskHost";
export { listenToRequests } from "./events";
