/** The last line of a room in the list: money as a sentence, everything else as it was written. */
import type { TFunction } from "i18next";
import { formatAmount } from "@/lib/amount";
import type * as W from "@/lib/wire";
import { cardOf } from "../model/cards";
import { calm } from "../model/text";

type T = TFunction<"chat">;

const NOT_MOVED: ReadonlySet<unknown> = new Set(["failed", "expired", "cancelled"]);

export function lastLine(t: T, room: W.Room, message: W.Message, myId: string): string {
  const mine = message.sender_id === myId;
  if (message.kind === "transfer") return moneyLine(t, room, message, mine);
  if (message.kind === "request") {
    const amount = amountOf(cardOf(message)?.total) ?? calm(message.body);
    const sender = room.members.find(({ person }) => person.id === message.sender_id);
    const name = calm(sender?.person.name ?? room.title);
    return mine ? t("line.asked", { amount }) : t("line.asks", { name, amount });
  }
  const body = calm(message.body).replaceAll(/\s+/gu, " ");
  return mine ? t("list.mine", { text: body }) : body;
}

function moneyLine(t: T, room: W.Room, message: W.Message, mine: boolean): string {
  const card = cardOf(message);
  const amount = amountOf(card?.amount);
  if (card === null || amount === null) return calm(message.body);
  const sender = room.members.find(({ person }) => person.id === message.sender_id);
  const name = calm(sender?.person.name ?? room.title);
  if (NOT_MOVED.has(card.state)) return t("line.not_sent", { amount });
  if (card.state === "settled") {
    if (!mine) return t("line.received", { name, amount });
    return room.kind === "direct"
      ? t("line.sent", { name: calm(room.title), amount })
      : t("line.sent_group", { amount });
  }
  return mine ? t("line.sending", { amount }) : t("line.arriving", { name, amount });
}

function amountOf(amount: unknown): string | null {
  if (typeof amount !== "object" || amount === null) return null;
  if (!("value" in amount) || typeof amount.value !== "string") return null;
  if (!("asset" in amount) || typeof amount.asset !== "string") return null;
  return formatAmount({ value: amount.value, asset: amount.asset });
}
