/** Rooms as a list: newest first, each with its last line, time and what is unread. */
import { Link, useParams } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Clock3, CircleAlert } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import { useTyping } from "@/features/realtime";
import { CountBadge, rowClass } from "@/design";
import { listTime } from "@/lib/dates";
import { useNow } from "@/lib/use-now";
import type * as W from "@/lib/wire";
import { useDraft, useOutgoing } from "../hooks";
import { calm } from "../model/text";
import { lastLine } from "./last-line";
import { RoomPicture } from "./RoomPicture";

const CLOCK_MS = 60_000;

export function RoomList({ rooms, label }: { rooms: readonly W.Room[]; label: string }) {
  const now = useNow(CLOCK_MS);
  const { roomId } = useParams({ strict: false });
  return (
    <nav aria-label={label}>
      <ul className="py-1">
        {rooms.map((room) => (
          <li key={room.id}>
            <RoomRow room={room} now={now} selected={room.id === roomId} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface RoomRowProps {
  room: W.Room;
  now: Date;
  selected: boolean;
}

const RoomRow = memo(function RoomRow({ room, now, selected }: RoomRowProps) {
  const { t, i18n } = useTranslation("chat");
  const at = room.last_message?.created_at ?? room.created_at;
  return (
    <Link
      to="/chats/$roomId"
      params={{ roomId: room.id }}
      aria-current={selected ? "page" : undefined}
      className={rowClass({ selected })}
    >
      <RoomPicture room={room} />
      <span className="flex min-w-0 flex-1 flex-col gap-0.5">
        <span className="flex items-baseline gap-2">
          <span dir="auto" className="min-w-0 flex-1 truncate text-body font-semibold">
            {calm(room.title)}
          </span>
          <time dateTime={at} className="figures shrink-0 text-caption text-text-3">
            {listTime(i18n.language, at, now)}
          </time>
        </span>
        <span className="flex min-h-5 items-center gap-2">
          <LastLine room={room} selected={selected} />
          <CountBadge count={room.unread} />
          {room.unread > 0 && (
            <span className="sr-only">{t("list.unread", { count: room.unread })}</span>
          )}
        </span>
      </span>
    </Link>
  );
});

const LINE = "min-w-0 flex-1 truncate text-small";

function LastLine({ room, selected }: { room: W.Room; selected: boolean }) {
  const { t } = useTranslation("chat");
  const me = useMe();
  const draft = useDraft(room.id);
  const outgoing = useOutgoing(room.id).at(-1);
  const typing = useTyping(room.id);
  if (typing.length > 0) {
    return <span className={clsx(LINE, "font-medium text-accent-text")}>{t("room.typing")}…</span>;
  }
  if (outgoing?.delivery.state === "failed") {
    return (
      <span className={clsx(LINE, "flex items-center gap-1 text-danger")}>
        <CircleAlert size={14} aria-hidden="true" className="shrink-0" />
        <span className="truncate">{t("list.unsent")}</span>
      </span>
    );
  }
  if (!selected && draft.trim() !== "") {
    return (
      <span dir="auto" className={clsx(LINE, "text-text-3")}>
        <span className="font-medium text-danger">{t("list.draft")}</span> {calm(draft)}
      </span>
    );
  }
  if (outgoing !== undefined && outgoing.delivery.state !== "sent") {
    return (
      <span className={clsx(LINE, "flex items-center gap-1 text-text-3")}>
        <Clock3 size={14} aria-hidden="true" className="shrink-0" />
        <span dir="auto" className="truncate">
          {t("list.mine", { text: calm(outgoing.body) })}
        </span>
      </span>
    );
  }
  const last = room.last_message;
  return (
    <span dir="auto" className={clsx(LINE, room.unread > 0 ? "text-text-2" : "text-text-3")}>
      {last === null ? t("list.nothing_yet") : lastLine(t, room, last, me.id)}
    </span>
  );
}
