import { useTranslation } from "react-i18next";
import { useTyping } from "@/features/realtime";
import type * as W from "@/lib/wire";
import { calm } from "../model/text";
import { personIn } from "./people";

/** Who is typing, over the bottom edge of the messages: it comes and goes without moving anything. */
export function TypingLine({ room }: { room: W.Room }) {
  const { t } = useTranslation("chat");
  const typing = useTyping(room.id);
  const [first] = typing;
  if (first === undefined) return null;
  const name = calm(personIn(room, first)?.name ?? t("room.left_person"));
  return (
    <p
      role="status"
      className="pointer-events-none absolute bottom-1.5 left-5 flex animate-fade items-center gap-2 rounded-full bg-canvas/90 px-1 text-caption text-text-3"
    >
      <span aria-hidden="true" className="flex gap-1">
        <span className="size-1.5 animate-shimmer rounded-full bg-text-3" />
        <span className="size-1.5 animate-shimmer rounded-full bg-text-3 [animation-delay:200ms]" />
        <span className="size-1.5 animate-shimmer rounded-full bg-text-3 [animation-delay:400ms]" />
      </span>
      {typing.length === 1
        ? t("room.typing_person", { name })
        : t("room.typing_people", { count: typing.length })}
    </p>
  );
}
