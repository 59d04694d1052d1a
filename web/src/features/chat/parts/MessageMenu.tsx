/** The menu of one message: right-click, long press, or the menu key on the message with the focus. */
import { Copy, RotateCw, Trash2 } from "lucide-react";
import { ContextMenu as Radix } from "radix-ui";
import { type MouseEvent, type PointerEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "@/design";
import { outbox } from "../chat";
import type { BubbleRow, Timeline } from "../model/timeline";

interface MessageMenuProps {
  roomId: string;
  timeline: Timeline;
  children: ReactNode;
}

export function MessageMenu({ roomId, timeline, children }: MessageMenuProps) {
  const { t } = useTranslation("chat");
  const [row, setRow] = useState<BubbleRow | null>(null);

  /** The menu is ours on a message; links and selected text keep the browser's own. */
  const choose = (event: MouseEvent | PointerEvent): void => {
    const found = rowAt(event.target, timeline);
    if (found === null || hasSelection()) event.stopPropagation();
    else setRow(found);
  };
  const outgoing = row?.outgoing ?? null;
  const delivery = outgoing?.delivery.state ?? null;
  return (
    <Radix.Root>
      <div
        onContextMenuCapture={choose}
        onPointerDownCapture={(event) => {
          if (event.pointerType !== "mouse") choose(event);
        }}
        className="contents"
      >
        <Radix.Trigger asChild>{children}</Radix.Trigger>
      </div>
      <Radix.Portal>
        <Radix.Content
          aria-label={t("message.actions")}
          collisionPadding={12}
          className="z-60 min-w-44 rounded-card border border-line bg-raised p-1.5 shadow-overlay data-[state=open]:animate-rise"
        >
          {row !== null && row.body !== "" && (
            <Item icon={<Copy size={18} />} onSelect={() => void copy(row.body, t)}>
              {t("message.copy")}
            </Item>
          )}
          {outgoing !== null && delivery === "failed" && (
            <Item icon={<RotateCw size={18} />} onSelect={() => outbox.retry(roomId, outgoing.clientId)}>
              {t("message.retry")}
            </Item>
          )}
          {outgoing !== null && (delivery === "failed" || delivery === "queued") && (
            <Item icon={<Trash2 size={18} />} onSelect={() => outbox.discard(roomId, outgoing.clientId)}>
              {t("message.discard")}
            </Item>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Item({
  icon,
  onSelect,
  children,
}: {
  icon: ReactNode;
  onSelect: () => void;
  children: string;
}) {
  return (
    <Radix.Item
      onSelect={onSelect}
      className="flex min-h-11 cursor-pointer items-center gap-3 rounded-[10px] px-3 text-body text-text outline-none select-none data-highlighted:bg-hover"
    >
      <span aria-hidden="true">{icon}</span>
      {children}
    </Radix.Item>
  );
}

function hasSelection(): boolean {
  return (getSelection()?.toString() ?? "") !== "";
}

function rowAt(target: EventTarget, timeline: Timeline): BubbleRow | null {
  if (!(target instanceof Element) || target.closest("a, button") !== null) return null;
  const key = target.closest<HTMLElement>("[data-bubble]")?.dataset.bubble;
  if (key === undefined) return null;
  for (const { rows } of timeline.blocks) {
    for (const row of rows) if (row.kind === "bubble" && row.key === key) return row;
  }
  return null;
}

async function copy(text: string, t: ReturnType<typeof useTranslation<"chat">>["t"]): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("message.copied"));
  } catch {
    // The browser, or the person, does not let us.
    toast(t("message.copy_failed"), { tone: "danger" });
  }
}
