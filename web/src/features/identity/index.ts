/** Sign-in, first run, who I am. Other features use `useMe`. */
export { listenToIdentity } from "./events";
export { forgetSession, identityKeys, meQuery, useMe } from "./queries";
