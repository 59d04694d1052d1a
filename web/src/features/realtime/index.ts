/** Realtime: the WebSocket, positions, presence and typing. See client.ts. */
export { realtime, watchPage } from "./browser";
export { RealtimeClient, type RoomSink } from "./client";
export { AskFailed, type Link } from "./connection";
export { useLink, usePresence, useReconnecting, useTyping } from "./hooks";
