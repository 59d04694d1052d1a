/** What screens read of chat, each as a subscription that redraws only on a change. */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useMe } from "@/features/identity";
import type * as W from "@/lib/wire";
import { drafts, outbox, rooms } from "./chat";
import type { Conversation, ConversationState } from "./model/conversation";
import type { Outgoing } from "./model/outbox";
import type { RoomsState } from "./model/rooms";
import { type Timeline, TimelineView } from "./model/timeline";

export function useRooms(): RoomsState {
  return useSyncExternalStore(rooms.subscribe, rooms.snapshot);
}

/** A room; null while it is not known. */
export function useRoom(roomId: string): W.Room | null {
  return useSyncExternalStore(
    rooms.subscribe,
    useCallback(() => rooms.get(roomId), [roomId]),
  );
}

/** Unread messages in my rooms, for the tab bar. */
export function useUnreadTotal(): number {
  return useSyncExternalStore(rooms.subscribe, unreadTotal);
}

export function unreadTotal(): number {
  const state = rooms.snapshot();
  if (state.phase !== "ready") return 0;
  let total = 0;
  for (const room of state.rooms.values()) if (room.folder === "main") total += room.unread;
  return total;
}

export function useConversation(roomId: string): [ConversationState, Conversation] {
  const conversation = useMemo(() => rooms.conversation(roomId), [roomId]);
  const state = useSyncExternalStore(conversation.subscribe, conversation.snapshot);
  return [state, conversation];
}

export function useOutgoing(roomId: string): readonly Outgoing[] {
  return useSyncExternalStore(
    useCallback((listener) => outbox.subscribe(listener), []),
    useCallback(() => outbox.of(roomId), [roomId]),
  );
}

export function useDraft(roomId: string): string {
  return useSyncExternalStore(
    drafts.subscribe,
    useCallback(() => drafts.of(roomId), [roomId]),
  );
}

/** The rows of a room. */
export function useTimeline(
  room: W.Room | null,
  state: ConversationState,
  outgoing: readonly Outgoing[],
  dividerAfter: number | null,
): Timeline {
  const { id: myId } = useMe();
  const [view] = useState(() => new TimelineView());
  const messages = state.phase === "open" ? state.history.messages : NO_MESSAGES;
  return useMemo(
    () => view.draw({ room, myId, messages, outgoing, dividerAfter }),
    [view, room, myId, messages, outgoing, dividerAfter],
  );
}

const NO_MESSAGES: readonly W.Message[] = [];

/** Whether the person is looking at this page. */
export function useAttention(): boolean {
  const [attentive, setAttentive] = useState(isAttentive);
  useEffect(() => {
    const look = (): void => setAttentive(isAttentive());
    window.addEventListener("focus", look);
    window.addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      window.removeEventListener("blur", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return attentive;
}

function isAttentive(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
