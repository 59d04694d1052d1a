/**
 * Where a message is written. Enter sends, Shift+Enter breaks the line; while a syllable is still
 * being composed Enter belongs to the input method.
 */
import { clsx } from "clsx";
import { ArrowUp } from "lucide-react";
import { type KeyboardEvent, type Ref, useImperativeHandle, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { realtime } from "@/features/realtime";
import { IconButton } from "@/design";
import type * as W from "@/lib/wire";
import { composerActionsNow } from "../cards";
import { drafts, outbox } from "../chat";
import { useDraft } from "../hooks";
import { BODY_LENGTH_MAX, lengthOf, sendable } from "../model/text";

/** The field grows up to this many lines and scrolls from there. */
const LINES_MAX = 6;
const LINE_PX = 24;
const PADDING_PX = 20;
/** How often others are told that I am typing; they forget it after six seconds. */
const TYPING_EVERY_MS = 3_000;
/** The length left is shown when it gets short. */
const LEFT_SHOWN = 200;

export interface ComposerHandle {
  focus: () => void;
}

interface ComposerProps {
  room: W.Room;
  onSent: () => void;
  /** Escape in an empty field. */
  onEscape: () => void;
  ref: Ref<ComposerHandle>;
}

export function Composer({ room, onSent, onEscape, ref }: ComposerProps) {
  const { t } = useTranslation("chat");
  const field = useRef<HTMLTextAreaElement>(null);
  const toldAt = useRef(Number.NEGATIVE_INFINITY);
  const draft = useDraft(room.id);
  const left = BODY_LENGTH_MAX - lengthOf(draft);
  const body = sendable(draft);
  const can = body !== "" && left >= 0;
  useImperativeHandle(ref, () => ({ focus: () => field.current?.focus() }), []);

  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    const borders = area.offsetHeight - area.clientHeight;
    area.style.height = `${Math.min(area.scrollHeight + borders, LINES_MAX * LINE_PX + PADDING_PX)}px`;
  }, [draft]);

  const write = (text: string): void => {
    drafts.set(room.id, text);
    const now = performance.now();
    if (text.trim() === "" || now - toldAt.current < TYPING_EVERY_MS) return;
    toldAt.current = now;
    realtime.tell("typing.start", { room_id: room.id });
  };
  const send = (): void => {
    if (!can) return;
    outbox.add(room.id, body);
    drafts.set(room.id, "");
    toldAt.current = Number.NEGATIVE_INFINITY;
    onSent();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- Safari ends a composition before its Enter arrives; only 229 still marks it.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && draft === "") onEscape();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="shrink-0 border-t border-line bg-surface pb-safe"
    >
      {left < LEFT_SHOWN && (
        <p
          role="status"
          className={clsx("figures px-5 pt-2 text-right text-caption", left < 0 ? "text-danger" : "text-text-3")}
        >
          {left < 0 ? t("composer.over", { n: -left }) : t("composer.left", { n: left })}
        </p>
      )}
      <div className="flex items-end gap-1.5 p-2 split:px-3">
        {composerActionsNow().map((Action, index) => (
          <Action key={index} room={room} />
        ))}
        <textarea
          ref={field}
          rows={1}
          value={draft}
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          dir="auto"
          aria-label={t("composer.label")}
          placeholder={t("composer.placeholder")}
          enterKeyHint="send"
          autoComplete="off"
          className="min-h-11 min-w-0 flex-1 resize-none rounded-[22px] border border-transparent bg-sunken px-4 py-[9px] text-body outline-none placeholder:text-text-3 focus:border-line-strong"
        />
        <IconButton
          type="submit"
          tone="primary"
          label={t("composer.send")}
          disabled={!can}
          // The field keeps the focus, so the phone's keyboard stays open.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
        >
          <ArrowUp size={22} strokeWidth={2.4} aria-hidden="true" />
        </IconButton>
      </div>
    </form>
  );
}
