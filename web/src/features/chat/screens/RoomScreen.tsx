/** One room: its messages, where one writes, and from 1280 px its details beside. */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { DoorClosed, Info } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import {
  AsidePane,
  EmptyState,
  ErrorState,
  IconButton,
  PageHeader,
  Sheet,
  Skeleton,
  Spinner,
} from "@/design";
import type * as W from "@/lib/wire";
import { markRead, rooms } from "../chat";
import { useAttention, useConversation, useOutgoing, useRoom, useTimeline } from "../hooks";
import { useKeyboardInset } from "../keyboard";
import { calm } from "../model/text";
import { ClosedBar } from "../parts/ClosedBar";
import { Composer, type ComposerHandle } from "../parts/Composer";
import { Messages, type MessagesHandle } from "../parts/Messages";
import { otherOf } from "../parts/people";
import { PresenceText } from "../parts/PresenceText";
import { RequestBar } from "../parts/RequestBar";
import { RoomDetails } from "../parts/RoomDetails";
import { RoomPicture } from "../parts/RoomPicture";
import { TypingLine } from "../parts/TypingLine";

export function RoomScreen() {
  const { roomId } = useParams({ from: "/app/chats/$roomId" });
  // A room's screen begins anew with each room.
  return <RoomView key={roomId} roomId={roomId} />;
}

function RoomView({ roomId }: { roomId: string }) {
  const { t } = useTranslation("chat");
  const room = useRoom(roomId);
  const [state] = useConversation(roomId);
  const [detailsOpen, setDetailsOpen] = useState(false);
  const keyboard = useKeyboardInset();
  const navigate = useNavigate();
  const back = useCallback(() => void navigate({ to: "/chats" }), [navigate]);

  if (state.phase === "gone") return <Gone />;
  return (
    <div className="flex h-full min-w-0">
      <section
        aria-label={room === null ? t("title") : t("room.log", { name: calm(room.title) })}
        className="flex h-full min-w-0 flex-1 flex-col"
        style={{ paddingBottom: keyboard }}
      >
        <RoomHeader room={room} onBack={back} onDetails={() => setDetailsOpen(true)} />
        {state.phase === "failed" ? (
          <div className="flex-1">
            <ErrorState error={state.error} onRetry={() => rooms.reopen(roomId)} />
          </div>
        ) : state.phase !== "open" || room === null ? (
          <Opening />
        ) : (
          <OpenRoom room={room} onLeave={back} />
        )}
      </section>
      {room !== null && (
        <>
          <AsidePane label={t("details.title")}>
            <RoomDetails room={room} />
          </AsidePane>
          <Sheet open={detailsOpen} onOpenChange={setDetailsOpen} title={t("details.title")} titleHidden>
            <div className="-mx-6 -mt-10">
              <RoomDetails room={room} />
            </div>
          </Sheet>
        </>
      )}
    </div>
  );
}

function OpenRoom({ room, onLeave }: { room: W.Room; onLeave: () => void }) {
  const { t } = useTranslation("chat");
  const [state, conversation] = useConversation(room.id);
  const outgoing = useOutgoing(room.id);
  const attentive = useAttention();
  const [atBottom, setAtBottom] = useState(true);
  const seen = attentive && atBottom;
  const dividerAfter = useDivider(room, seen);
  const timeline = useTimeline(room, state, outgoing, dividerAfter);
  const messages = useRef<MessagesHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const open = state.phase === "open" ? state : null;

  // What stands in sight while the person looks has been read.
  useEffect(() => {
    if (seen && open !== null) markRead(room);
  }, [seen, open, room]);

  // With a real keyboard one wants to write at once; on a phone the keyboard would cover the room.
  useEffect(() => {
    if (matchMedia("(hover: hover) and (pointer: fine)").matches) composer.current?.focus();
  }, []);

  const onOlder = useCallback(() => void conversation.loadOlder(), [conversation]);
  const onSent = useCallback(() => messages.current?.toBottom(false), []);
  return (
    <>
      <Messages
        ref={messages}
        room={room}
        roomId={room.id}
        label={t("room.log", { name: calm(room.title) })}
        timeline={timeline}
        complete={open?.history.complete ?? false}
        older={open?.older ?? "idle"}
        onOlder={onOlder}
        atBottom={atBottom}
        onAtBottom={setAtBottom}
        unread={atBottom ? 0 : room.unread}
        overlay={<TypingLine room={room} />}
      />
      {room.folder === "requests" ? (
        <RequestBar room={room} />
      ) : room.can_write ? (
        <Composer ref={composer} room={room} onSent={onSent} onEscape={onLeave} />
      ) : (
        <ClosedBar room={room} />
      )}
    </>
  );
}

/**
 * After which position the unread divider stands; null: nowhere. It is set where unread messages
 * begin to gather, and stays while the room is open, so that it does not jump away when read.
 */
function useDivider(room: W.Room, seen: boolean): number | null {
  const [after, setAfter] = useState(room.unread > 0 ? room.read_seq : null);
  const [gathering, setGathering] = useState(room.unread > 0);
  const unread = room.unread > 0;
  if (unread !== gathering) {
    setGathering(unread);
    if (unread && !seen) setAfter(room.read_seq);
  }
  return after;
}

interface RoomHeaderProps {
  room: W.Room | null;
  onBack: () => void;
  onDetails: () => void;
}

function RoomHeader({ room, onBack, onDetails }: RoomHeaderProps) {
  const { t } = useTranslation("chat");
  const me = useMe();
  if (room === null) {
    return <PageHeader title={<Skeleton className="h-5 w-32" />} onBack={onBack} backOnPhoneOnly />;
  }
  const other = otherOf(room, me.id);
  return (
    <div className="bg-surface">
      <PageHeader
        title={<span dir="auto">{calm(room.title)}</span>}
        subtitle={
          other === null ? (
            t("room.members", { count: room.members.length })
          ) : (
            <PresenceText userId={other.id} />
          )
        }
        leading={
          <span className="split:pl-3">
            <RoomPicture room={room} size={36} />
          </span>
        }
        onBack={onBack}
        backOnPhoneOnly
        actions={
          <IconButton label={t("room.details")} onClick={onDetails} className="wide:hidden">
            <Info size={22} aria-hidden="true" />
          </IconButton>
        }
      />
    </div>
  );
}

/** The room is on its way: bubbles to be, so that nothing jumps when they come. */
function Opening() {
  const { t } = useTranslation("chat");
  return (
    <div className="flex min-h-0 flex-1 flex-col justify-end gap-2 p-5">
      <Spinner className="sr-only" words={t("room.opening")} />
      <Skeleton className="h-10 w-48 rounded-[18px]" />
      <Skeleton className="h-10 w-64 rounded-[18px]" />
      <Skeleton className="h-10 w-40 self-end rounded-[18px]" />
      <Skeleton className="h-16 w-56 rounded-[18px]" />
      <Skeleton className="h-10 w-52 self-end rounded-[18px]" />
    </div>
  );
}

function Gone() {
  const { t } = useTranslation("chat");
  return (
    <EmptyState
      icon={<DoorClosed size={28} />}
      title={t("room.gone_title")}
      body={t("room.gone_body")}
      action={
        <Link
          to="/chats"
          className="inline-flex min-h-11 items-center rounded-field bg-accent px-4 font-semibold text-on-accent"
        >
          {t("room.to_list")}
        </Link>
      }
    />
  );
}
