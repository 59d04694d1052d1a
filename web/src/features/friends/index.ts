/** Friends, requests, blocks. */
export { listenToFriends } from "./events";
export { blocksQuery, friendsQuery, useOpenRequestCount, useUnblock } from "./queries";
