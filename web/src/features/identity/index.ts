/** Sign-in, first run, who I am. Other features use `useMe`; fields are in `phone-field` and `picture-field`. */
export { listenToIdentity } from "./events";
export { forgetSession, identityKeys, meQuery, useMe, useSaveProfile } from "./queries";
