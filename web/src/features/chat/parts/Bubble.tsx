/** One message in a room: a bubble or a card, with its time, its sender and how it stands. */
import { clsx } from "clsx";
import { CircleAlert, Clock3, RotateCw, Trash2 } from "lucide-react";
import { createElement, memo, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Skeleton } from "@/design";
import { timeOfDay } from "@/lib/dates";
import type * as W from "@/lib/wire";
import { cardOfKind } from "../cards";
import { outbox } from "../chat";
import { calm, emojiCount } from "../model/text";
import type { BubbleRow } from "../model/timeline";
import { MessageText } from "./MessageText";

const EMOJI_SIZE = ["", "text-[44px] leading-13", "text-[36px] leading-11", "text-[30px] leading-10"];

interface BubbleProps {
  row: BubbleRow;
  roomId: string;
  /** Who wrote it; null where they are no longer known. */
  sender: W.Person | null;
  /** Names stand over the first bubble of a group where more than two people talk. */
  named: boolean;
}

export const Bubble = memo(function Bubble({ row, roomId, sender, named }: BubbleProps) {
  const { t, i18n } = useTranslation("chat");
  const time = timeOfDay(i18n.language, row.at);
  const name = sender === null ? t("room.left_person") : calm(sender.name);
  const failed = row.outgoing?.delivery.state === "failed";
  return (
    <div
      data-row={row.key}
      className={clsx(
        "flex gap-2 px-3 split:px-5",
        row.mine ? "justify-end" : "justify-start",
        row.first ? "pt-3" : "pt-0.5",
      )}
    >
      {!row.mine && (
        <span className="w-9 shrink-0">
          {row.first && (
            <Avatar id={row.senderId} name={name} picture={sender?.picture_url} size={36} />
          )}
        </span>
      )}
      <div
        className={clsx(
          "flex max-w-[78%] min-w-0 flex-col split:max-w-[68%]",
          row.mine ? "items-end" : "items-start",
        )}
      >
        {!row.mine && row.first && named && (
          <span dir="auto" className="mb-1 px-1 text-caption font-medium text-text-3">
            {name}
          </span>
        )}
        <div
          className={clsx(
            "flex max-w-full items-end gap-1.5",
            row.mine ? "flex-row-reverse" : "flex-row",
          )}
        >
          <Content row={row} label={row.mine ? t("message.mine", { time }) : t("message.from", { name, time })} />
          <Aside row={row} time={time} />
        </div>
        {failed && <Failed roomId={roomId} row={row} />}
      </div>
    </div>
  );
});

function Content({ row, label }: { row: BubbleRow; label: string }) {
  const { t } = useTranslation("chat");
  const common = { role: "article", tabIndex: -1, "aria-label": label, "data-bubble": row.key };
  const kind = row.message?.kind ?? "text";
  if (row.message !== null && kind !== "text") {
    const card = cardOfKind(kind);
    return (
      <div {...common} className="max-w-full min-w-0 rounded-card">
        {card === null ? (
          <p className="rounded-card bg-sunken px-4 py-3 text-small text-text-3">
            {t("message.unknown")}
          </p>
        ) : (
          <Suspense fallback={<Skeleton className="h-32 w-60 rounded-card" />}>
            {createElement(card, { message: row.message, mine: row.mine })}
          </Suspense>
        )}
      </div>
    );
  }
  const emoji = emojiCount(row.body);
  if (emoji > 0) {
    return (
      <div {...common} className={clsx("rounded-card py-0.5", EMOJI_SIZE[Math.min(emoji, 3)])}>
        {row.body}
      </div>
    );
  }
  return (
    <div
      {...common}
      dir="auto"
      className={clsx(
        "max-w-full min-w-0 rounded-[18px] px-3.5 py-2 text-body whitespace-pre-wrap pointer-coarse:select-none",
        row.mine
          ? "bg-accent-soft text-text"
          : "border border-line bg-raised text-text",
        row.mine ? !row.first && "rounded-tr-md" : !row.first && "rounded-tl-md",
        row.mine ? !row.last && "rounded-br-md" : !row.last && "rounded-bl-md",
      )}
    >
      <MessageText body={row.body} />
    </div>
  );
}

/** Beside the bubble: who has not read it, and when it was sent or why it is not. */
function Aside({ row, time }: { row: BubbleRow; time: string }) {
  const { t } = useTranslation("chat");
  const delivery = row.outgoing?.delivery ?? null;
  return (
    <span
      className={clsx(
        "flex shrink-0 flex-col pb-0.5 text-micro select-none",
        row.mine ? "items-end" : "items-start",
      )}
    >
      {row.unreadBy !== null && row.unreadBy > 0 && (
        <span
          title={t("message.unread_by", { count: row.unreadBy })}
          className="figures leading-3.5 font-bold text-accent-text"
        >
          <span aria-hidden="true">{row.unreadBy}</span>
          <span className="sr-only">{t("message.unread_by", { count: row.unreadBy })}</span>
        </span>
      )}
      {delivery?.state === "failed" ? (
        <CircleAlert size={16} aria-hidden="true" className="text-danger" />
      ) : delivery?.state === "queued" || delivery?.state === "sending" ? (
        <Clock3
          size={13}
          role="img"
          aria-label={t(delivery.state === "queued" ? "message.queued" : "message.sending")}
          className="animate-[tt-fade_140ms_ease_700ms_backwards] text-text-3"
        />
      ) : (
        row.last && (
          <time dateTime={row.at} className="figures leading-3.5 whitespace-nowrap text-text-3">
            {time}
          </time>
        )
      )}
    </span>
  );
}

const KNOWN_FAILURES = [
  "blocked",
  "not_a_member",
  "request_pending",
  "body_refused",
  "malformed",
] as const;

function Failed({ roomId, row }: { roomId: string; row: BubbleRow }) {
  const { t } = useTranslation("chat");
  const outgoing = row.outgoing;
  if (outgoing?.delivery.state !== "failed") return null;
  const { code } = outgoing.delivery;
  const known = KNOWN_FAILURES.find((failure) => failure === code);
  return (
    <div role="alert" className="mt-1 flex max-w-full flex-col items-end">
      <p className="text-right text-caption text-danger">
        {t("message.failed")} · {t(`failure.${known ?? "other"}`)}
      </p>
      <p className="-mr-2 flex">
        <FailedAction icon={<RotateCw size={16} />} onPress={() => outbox.retry(roomId, outgoing.clientId)}>
          {t("message.retry")}
        </FailedAction>
        <FailedAction icon={<Trash2 size={16} />} onPress={() => outbox.discard(roomId, outgoing.clientId)}>
          {t("message.discard")}
        </FailedAction>
      </p>
    </div>
  );
}

function FailedAction({
  icon,
  onPress,
  children,
}: {
  icon: ReactNode;
  onPress: () => void;
  children: string;
}) {
  return (
    <button
      type="button"
      onClick={onPress}
      className="inline-flex min-h-11 items-center gap-1.5 rounded-field px-2 text-small font-semibold text-text-2 hover:bg-hover"
    >
      <span aria-hidden="true">{icon}</span>
      {children}
    </button>
  );
}
