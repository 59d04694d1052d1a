import { clsx } from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button } from "@/design";
import { useMe } from "@/features/identity";
import { openPay } from "@/features/transfers";
import { formatAmount } from "@/lib/amount";
import { longDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { CardShare, Message, RequestCard as Card } from "@/lib/wire";
import { type RequestDeed, useRequestDeed } from "./queries";
import { useRequester } from "./requester";

/** The card of a request: everyone's part, live, and what I can do about it. */
export function RequestCard({ message, mine }: { message: Message; mine: boolean }) {
  const { t, i18n } = useTranslation("requests");
  const me = useMe();
  const card = (message.card ?? null) as Card | null;
  if (card === null) return null;
  const owed = card.shares.find(({ user_id: id }) => id === me.id);
  const single = card.shares.length === 1 ? card.shares[0] : undefined;
  const amount = single?.amount ?? card.total;
  return (
    <section
      aria-label={t(mine ? "card.mine" : "card.theirs")}
      className="flex w-68 max-w-full flex-col gap-1 rounded-card border border-line bg-raised p-4 text-left text-text shadow-raised"
    >
      <span className="text-small text-text-3">{t(mine ? "card.mine" : "card.theirs")}</span>
      <span className="figures text-title font-bold">{formatAmount(amount)}</span>
      {card.note !== "" && (
        <span dir="auto" className="text-small text-text-2">
          {card.note}
        </span>
      )}
      <ul aria-live="polite" className="mt-2 flex flex-col gap-2">
        {card.shares.map((share) => (
          <ShareLine key={share.user_id} share={share} alone={single !== undefined} isMe={share.user_id === me.id} />
        ))}
      </ul>
      {card.own !== null && (
        <p className="pt-1 text-caption text-text-3">
          {t("card.own", { amount: formatAmount(card.own) })}
        </p>
      )}
      {card.state === "open" && (
        <>
          <p className="pt-1 text-caption text-text-3">
            {t("card.until", { day: longDay(i18n.language, card.expires_at) })}
          </p>
          <Deeds card={card} owed={owed} mine={mine} roomId={message.room_id} />
        </>
      )}
    </section>
  );
}

const TONE: Record<CardShare["state"], string> = {
  open: "text-text-2",
  part_paid: "text-text-2",
  paid: "text-accent-text",
  declined: "text-danger",
  cancelled: "text-text-3",
  expired: "text-text-3",
};

function ShareLine({ share, alone, isMe }: { share: CardShare; alone: boolean; isMe: boolean }) {
  const { t } = useTranslation("requests");
  const state = share.paying ? "paying" : share.state;
  return (
    <li className="flex flex-col">
      {!alone && (
        <span className="flex items-baseline justify-between gap-2 text-small">
          <span dir="auto" className="min-w-0 truncate font-medium">
            {isMe ? t("me") : share.name}
          </span>
          <span className="figures shrink-0">{formatAmount(share.amount)}</span>
        </span>
      )}
      <span className={clsx("text-small font-semibold", TONE[share.state])}>
        {t(`state.${state}`, { paid: formatAmount(share.paid) })}
      </span>
    </li>
  );
}

interface DeedsProps {
  card: Card;
  owed: CardShare | undefined;
  mine: boolean;
  roomId: string;
}

/** Pay and decline for who is asked; remind and take back for who asked. */
function Deeds({ card, owed, mine, roomId }: DeedsProps) {
  const { t } = useTranslation("requests");
  const { t: problems } = useTranslation("problems");
  const deed = useRequestDeed();
  const [sure, setSure] = useState<RequestDeed | null>(null);
  const requester = useRequester(roomId, card.requester_id);
  const run = (what: RequestDeed) => {
    setSure(null);
    deed.mutate({ id: card.request_id, deed: what });
  };
  const canPay = owed !== undefined && owed.open.value !== "0" && requester !== null;
  const hasOpen = card.shares.some(({ open }) => open.value !== "0");
  if (!hasOpen || (!mine && owed === undefined)) return null;
  return (
    <div className="flex flex-col gap-2 pt-3">
      {canPay && (
        <Button
          tone="primary"
          wide
          onClick={() =>
            openPay({
              person: requester,
              roomId,
              pays: { requestId: card.request_id, amount: owed.open },
            })
          }
        >
          {t("card.pay", { amount: formatAmount(owed.open) })}
        </Button>
      )}
      {sure !== null ? (
        <div className="flex gap-2">
          <Button size="small" className="flex-1" onClick={() => setSure(null)}>
            {t("card.keep")}
          </Button>
          <Button size="small" tone="danger" className="flex-1" onClick={() => run(sure)}>
            {t(sure === "cancel" ? "card.cancel_sure" : "card.decline_sure")}
          </Button>
        </div>
      ) : mine ? (
        <div className="flex gap-2">
          <Button size="small" className="flex-1" busy={deed.isPending} onClick={() => run("remind")}>
            {t("card.remind")}
          </Button>
          <Button size="small" tone="danger-quiet" className="flex-1" onClick={() => setSure("cancel")}>
            {t("card.cancel")}
          </Button>
        </div>
      ) : (
        canPay && (
          <Button size="small" tone="danger-quiet" wide onClick={() => setSure("decline")}>
            {t("card.decline")}
          </Button>
        )
      )}
      {deed.error !== null && (
        <Banner tone="warning" role="alert">
          {problemText(problems, deed.error)}
        </Banner>
      )}
      {deed.isSuccess && deed.variables.deed === "remind" && (
        <p role="status" className="text-small text-text-3">
          {t("card.reminded")}
        </p>
      )}
    </div>
  );
}
