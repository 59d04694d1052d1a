/** Rooms and messages. */
export { forgetChat, openDirect } from "./chat";
export { listenToChat } from "./events";
export { useRoom, useUnreadTotal } from "./hooks";
export { type CardProps, type ComposerActionProps, registerCard, registerComposerAction } from "./cards";
