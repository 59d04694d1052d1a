/** Money on its way: the pay sheet, the card in the room, the detail in the wallet. */
export { AmountPad } from "./AmountPad";
export { listenToTransfers } from "./events";
export { Fact, Facts } from "./Facts";
export { HashFact } from "./HashFact";
export { openPay, type PayTarget } from "./pay";
export { PayHost } from "./PayHost";
export { PinStep } from "./PinStep";
export { useTransfer } from "./queries";
export { TONE_CLASS, viewOf } from "./states";
export { TransferCard } from "./TransferCard";
export { TransferDetail } from "./TransferDetail";
