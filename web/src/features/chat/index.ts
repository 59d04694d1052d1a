/** Rooms and messages. */
export { forgetChat, openDirect } from "./chat";
export { listenToChat } from "./events";
export { useUnreadTotal } from "./hooks";
export { type CardProps, type ComposerActionProps, registerCard, registerComposerAction } from "./cards";
