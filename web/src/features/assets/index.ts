/** Tokens beside XRP: which are held, who vouches for them, taking them up and letting them go. */
export { listenToAssets } from "./events";
export { useAssets } from "./queries";
