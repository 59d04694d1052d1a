/** Money on its way: the pay sheet, the card in the room. */
export { openPay, type PayTarget } from "./pay";
export { PayHost } from "./PayHost";
