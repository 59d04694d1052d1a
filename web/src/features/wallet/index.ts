/** The wallet: balance, receiving, PIN, recovery. Transfers seal PINs through here. */
export { BalanceText } from "./BalanceText";
export { listenToWallet } from "./events";
export { PinSetup } from "./PinSetup";
export { useWallet, walletKeys, workerKey } from "./queries";
export { RecoveryNotice } from "./RecoveryNotice";
export { seal } from "./seal";
export { WalletTrust } from "./WalletTrust";
