/**
 * Frames of `/api/v1/ws` as closed unions: JSON text `{"t": type, "id": correlation, "d": {…}}`.
 *
 * Mirrors `talktalk_wire.realtime`. A frame of a type that is not listed here comes from a newer
 * server and is passed over; text that is no frame at all is an error of the connection.
 */
import type * as W from "@/lib/wire";

/** What we may ask, and what the server answers to it when nothing is wrong. */
export interface Asks {
  hello: { d: { position: W.Position | null }; answer: "welcome" };
  beat: { d: Record<string, never>; answer: "heads" };
  "message.send": { d: W.MessageSend; answer: "message.ack" };
  "read.move": { d: W.ReadMove; answer: "ok" };
  "room.fetch": { d: W.RoomFetch; answer: "room.events" };
  "user.fetch": { d: W.UserFetch; answer: "user.events" };
}

/** What we say without waiting for an answer. */
export interface Tells {
  "typing.start": W.TypingStart;
}

/** Every frame a server sends, by type. */
export interface ServerFrames {
  welcome: W.Welcome;
  heads: W.Heads;
  ok: Record<string, never>;
  "message.ack": W.MessageAck;
  "room.event": W.RoomEvent;
  "room.events": W.RoomEventsFrame;
  "user.event": W.UserEvent;
  "user.events": W.UserEvents;
  stale: W.Stale;
  "read.moved": W.ReadMoved;
  typing: W.Typing;
  presence: W.Presence;
  error: W.Error;
  bye: W.Bye;
}

export type AskType = keyof Asks;
export type ServerFrameType = keyof ServerFrames;
export type AnswerTo<A extends AskType> = ServerFrames[Asks[A]["answer"]];
export type ServerFrame = {
  [T in ServerFrameType]: { t: T; id: string | null; d: ServerFrames[T] };
}[ServerFrameType];
export type FrameOf<T extends ServerFrameType> = Extract<ServerFrame, { t: T }>;

const KNOWN: ReadonlySet<string> = new Set<ServerFrameType>([
  "welcome",
  "heads",
  "ok",
  "message.ack",
  "room.event",
  "room.events",
  "user.event",
  "user.events",
  "stale",
  "read.moved",
  "typing",
  "presence",
  "error",
  "bye",
]);

/** The text is no frame: whoever sent it does not speak our protocol. */
export class NotAFrame extends Error {
  override readonly name = "NotAFrame";
}

/**
 * The frame a text holds, or null where its type is unknown to us.
 *
 * @throws NotAFrame
 */
export function parseFrame(text: string): ServerFrame | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw new NotAFrame(text.slice(0, 80));
  }
  if (typeof frame !== "object" || frame === null || !("t" in frame) || typeof frame.t !== "string") {
    throw new NotAFrame(text.slice(0, 80));
  }
  if (!KNOWN.has(frame.t)) return null;
  const id = "id" in frame && typeof frame.id === "string" ? frame.id : null;
  const d = "d" in frame && typeof frame.d === "object" && frame.d !== null ? frame.d : {};
  // Inside a frame of a known type the server is trusted to send what its structs say.
  return { t: frame.t, id, d } as unknown as ServerFrame;
}
