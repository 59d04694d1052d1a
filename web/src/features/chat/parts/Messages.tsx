/**
 * The scrolling part of a room.
 *
 * The scroller is a reversed column with one child: position 0 is the bottom. What is put above
 * moves nothing, what grows at the bottom keeps the bottom in sight, and the phone's keyboard pushes
 * the newest message up, all without a line of script. Only while the person reads further up must
 * something be done: then what comes at the bottom is made up for, so that their line stays put.
 * Blocks of rows out of sight are skipped by the browser (`content-visibility`), once it has seen
 * how tall they are.
 */
import { clsx } from "clsx";
import { ArrowDown } from "lucide-react";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { Button, Spinner } from "@/design";
import { longDay } from "@/lib/dates";
import type * as W from "@/lib/wire";
import { calm } from "../model/text";
import type { Block, Row, Timeline } from "../model/timeline";
import { Bubble } from "./Bubble";
import { MessageMenu } from "./MessageMenu";
import { personIn } from "./people";

/** Closer to the bottom than this counts as there. */
const AT_BOTTOM_PX = 48;
/** The page before is read when its end is nearer than this. */
const OLDER_PX = 1_200;
/** What grows must be measured, and what the browser skips cannot be. */
const BLOCKS_ALWAYS_DRAWN = 2;
/** Where the unread divider stands when a room is opened with more unread than fit. */
const DIVIDER_TOP_PX = 72;

export interface MessagesHandle {
  toBottom: (smooth: boolean) => void;
}

interface MessagesProps {
  room: W.Room | null;
  roomId: string;
  label: string;
  timeline: Timeline;
  complete: boolean;
  older: "idle" | "loading" | "failed";
  onOlder: () => void;
  onAtBottom: (atBottom: boolean) => void;
  atBottom: boolean;
  /** Messages of others below what the person sees. */
  unread: number;
  /** What stands over the bottom edge: who is typing. */
  overlay: ReactNode;
  ref: Ref<MessagesHandle>;
}

export function Messages({
  room,
  roomId,
  label,
  timeline,
  complete,
  older,
  onOlder,
  onAtBottom,
  atBottom,
  unread,
  overlay,
  ref,
}: MessagesProps) {
  const { t } = useTranslation("chat");
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const lastKey = useRef<string | null>(null);
  const wasAtBottom = useRef(true);
  const reachable = useRef<HTMLElement | null>(null);

  const toBottom = useCallback((smooth: boolean) => {
    const box = scroller.current;
    if (box === null) return;
    const glides = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    // The last stretch glides, so that one sees which way it went; a long way would take long.
    if (glides) box.scrollTop = Math.max(box.scrollTop, -box.clientHeight);
    box.scrollTo({ top: 0, behavior: glides ? "smooth" : "instant" });
  }, []);
  useImperativeHandle(ref, () => ({ toBottom }), [toBottom]);

  // Open at what is unread, where that is more than a screen.
  useLayoutEffect(() => {
    const box = scroller.current;
    const divider = content.current?.querySelector("[data-divider]") ?? null;
    if (box === null || divider === null) return;
    const above = divider.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (above < 0) box.scrollTop += above - DIVIDER_TOP_PX;
    // Once, for the room as it is opened.
  }, []);

  // Reading further up: what came after the row that was the last is made up for.
  useLayoutEffect(() => {
    const box = scroller.current;
    const rows = content.current;
    const key = timeline.blocks.at(-1)?.rows.at(-1)?.key ?? null;
    const before = lastKey.current;
    lastKey.current = key;
    if (box === null || rows === null) return;
    reachable.current = makeReachable(rows, reachable.current);
    // Asking the scroller would make the browser lay everything out, for every message.
    if (before === null || before === key || wasAtBottom.current) return;
    const was = rows.querySelector(`[data-row="${CSS.escape(before)}"]`);
    const is = key === null ? null : rows.querySelector(`[data-row="${CSS.escape(key)}"]`);
    if (was === null || is === null) return;
    box.scrollTop -= is.getBoundingClientRect().bottom - was.getBoundingClientRect().bottom;
  }, [timeline]);

  const onScroll = (): void => {
    const box = scroller.current;
    if (box === null) return;
    const now = box.scrollTop > -AT_BOTTOM_PX;
    wasAtBottom.current = now;
    if (now !== atBottom) onAtBottom(now);
  };

  useEffect(() => {
    const box = scroller.current;
    const edge = end.current;
    if (box === null || edge === null || complete || older !== "idle") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) onOlder();
      },
      { root: box, rootMargin: `${OLDER_PX}px 0px 0px 0px` },
    );
    observer.observe(edge);
    return () => observer.disconnect();
  }, [complete, older, onOlder]);

  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        onScroll={onScroll}
        data-testid="messages"
        className="flex h-full flex-col-reverse overflow-x-hidden overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <MessageMenu roomId={roomId} timeline={timeline}>
        <div
          ref={content}
          role="log"
          aria-live="polite"
          aria-relevant="additions"
          aria-busy={older === "loading"}
          aria-label={label}
          onKeyDown={walk}
          className="flex flex-col pt-4 pb-8"
        >
          <div ref={end} className="flex min-h-11 flex-col items-center justify-center text-center">
            {complete ? (
              room !== null && (
                <p dir="auto" className="px-6 text-caption text-text-3">
                  {t("room.begin", { name: calm(room.title) })}
                </p>
              )
            ) : older === "failed" ? (
              <Button size="small" tone="quiet" onClick={onOlder}>
                {t("room.older_failed")}
              </Button>
            ) : (
              <Spinner size={20} words={t("room.older_loading")} />
            )}
          </div>
          {timeline.blocks.map((block, index) => (
            <BlockView
              key={block.key}
              block={block}
              room={room}
              roomId={roomId}
              skippable={index < timeline.blocks.length - BLOCKS_ALWAYS_DRAWN}
            />
          ))}
        </div>
        </MessageMenu>
      </div>
      {overlay}
      <JumpButton shown={!atBottom} unread={unread} onPress={() => toBottom(true)} />
    </div>
  );
}

interface BlockViewProps {
  block: Block;
  skippable: boolean;
  room: W.Room | null;
  roomId: string;
}

const BlockView = memo(
  function BlockView({ block, skippable, room, roomId }: BlockViewProps) {
    const measured = useDrawnOnce();
    return (
      <div
        className={clsx(
          "[contain-intrinsic-block-size:auto_1600px]",
          skippable && measured && "[content-visibility:auto]",
        )}
      >
        {block.rows.map((row) => (
          <RowView key={row.key} row={row} room={room} roomId={roomId} />
        ))}
      </div>
    );
  },
  // Of the room only its people matter here; cursors move all the time.
  (a, b) =>
    a.block.rows === b.block.rows &&
    a.skippable === b.skippable &&
    a.roomId === b.roomId &&
    samePeople(a.room, b.room),
);

/** Whether the block has been drawn, so that the browser remembers its size when it skips it. */
function useDrawnOnce(): boolean {
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    // Sizes are remembered at the end of a frame: skipping begins with the frame after the next.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => setDrawn(true));
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return drawn;
}

function samePeople(a: W.Room | null, b: W.Room | null): boolean {
  if (a === b) return true;
  if (a === null || a.members.length !== b?.members.length) return false;
  return a.members.every(({ person }, index) => person === b.members[index]?.person);
}

function RowView({ row, room, roomId }: { row: Row; room: W.Room | null; roomId: string }) {
  const { t, i18n } = useTranslation("chat");
  switch (row.kind) {
    case "day":
      return (
        <p className="flex justify-center px-4 pt-5 pb-1">
          <time
            dateTime={row.at}
            className="rounded-full bg-sunken px-3 py-1 text-caption font-medium text-text-3"
          >
            {longDay(i18n.language, row.at)}
          </time>
        </p>
      );
    case "unread":
      return (
        <p
          data-divider=""
          className="flex items-center gap-3 px-5 pt-5 pb-1 text-caption font-semibold text-accent-text before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line"
        >
          {t("room.unread_here")}
        </p>
      );
    case "notice":
      return (
        <p dir="auto" className="px-6 pt-4 text-center text-caption text-text-3">
          {calm(row.message.body)}
        </p>
      );
    case "bubble":
      return (
        <Bubble
          row={row}
          roomId={roomId}
          sender={personIn(room, row.senderId)}
          named={room?.kind === "group"}
        />
      );
  }
}

/** Back to the newest message, with how many are new. */
function JumpButton({
  shown,
  unread,
  onPress,
}: {
  shown: boolean;
  unread: number;
  onPress: () => void;
}) {
  const { t } = useTranslation("chat");
  return (
    <button
      type="button"
      onClick={onPress}
      disabled={!shown}
      aria-hidden={!shown}
      aria-label={unread > 0 ? t("room.jump_count", { count: unread }) : t("room.jump")}
      className={clsx(
        "absolute right-4 bottom-4 flex h-11 min-w-11 items-center justify-center gap-1.5 rounded-full border border-line bg-raised px-3 text-small font-semibold text-text-2 shadow-overlay transition-[opacity,transform] duration-150",
        shown ? "opacity-100" : "pointer-events-none translate-y-2 opacity-0",
      )}
    >
      {unread > 0 && (
        <span className="figures text-accent-text">{t("room.new_count", { count: unread })}</span>
      )}
      <ArrowDown size={20} aria-hidden="true" />
    </button>
  );
}

/** The newest message can be reached by Tab; from there the arrow keys lead on. */
function makeReachable(rows: HTMLElement, before: HTMLElement | null): HTMLElement | null {
  const bubbles = rows.lastElementChild?.querySelectorAll<HTMLElement>("[data-bubble]");
  const newest = (bubbles?.item(bubbles.length - 1) ?? null);
  if (newest === before) return before;
  if (before !== null) before.tabIndex = -1;
  if (newest !== null) newest.tabIndex = 0;
  return newest;
}

/** Arrow keys walk from message to message once one has the focus. */
function walk(event: KeyboardEvent<HTMLDivElement>): void {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const bubbles = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-bubble]")];
  const at = bubbles.findIndex((bubble) => bubble.contains(document.activeElement));
  if (at === -1) return;
  const next = bubbles[at + (event.key === "ArrowUp" ? -1 : 1)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
