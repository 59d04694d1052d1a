/** Friends, requests, blocks. */
export { listenToFriends } from "./events";
export { useOpenRequestCount } from "./queries";
