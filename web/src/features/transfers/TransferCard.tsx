import { clsx } from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useWallet } from "@/features/wallet";
import { Sheet } from "@/design";
import { formatAmount } from "@/lib/amount";
import type { Card, Message } from "@/lib/wire";
import { Fact, Facts } from "./Facts";
import { HashFact } from "./HashFact";
import { TONE_CLASS, viewOf } from "./states";

/** The card of a transfer in a room: one projection of the row, the same for both sides. */
export function TransferCard({ message, mine }: { message: Message; mine: boolean }) {
  const { t } = useTranslation("transfers");
  const [open, setOpen] = useState(false);
  const card = (message.card ?? null) as Card | null;
  if (card === null) return null;
  const view = viewOf(card.state, card.uncertain);
  const amount = formatAmount(card.amount);
  const title = mine ? t("card.sent", { amount }) : t("card.received", { amount });
  return (
    <>
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="flex w-60 max-w-full flex-col gap-1 rounded-card border border-line bg-raised p-4 text-left text-text shadow-raised transition-colors duration-100 hover:bg-hover"
      >
        <span className="text-small text-text-3">{mine ? t("card.mine") : t("card.theirs")}</span>
        <span className="figures text-title font-bold">{amount}</span>
        {card.note !== "" && <span className="text-small text-text-2">{card.note}</span>}
        <span
          aria-live="polite"
          className={clsx("mt-2 flex items-center gap-1.5 text-small font-semibold", TONE_CLASS[view.tone])}
        >
          {view.icon}
          {t(`state.${view.text}`)}
        </span>
      </button>
      {open && <CardSheet card={card} title={title} onClose={() => setOpen(false)} />}
    </>
  );
}

function CardSheet({ card, title, onClose }: { card: Card; title: string; onClose: () => void }) {
  const { t } = useTranslation("transfers");
  const { data: wallet } = useWallet();
  const view = viewOf(card.state, card.uncertain, 22);
  return (
    <Sheet open onOpenChange={onClose} title={title}>
      <p className={clsx("flex items-center gap-2 text-body font-semibold", TONE_CLASS[view.tone])}>
        {view.icon}
        {t(`state.${view.text}`)}
      </p>
      <p className="pt-1 pb-3 text-small text-text-3">{t(`state_more.${view.text}`)}</p>
      <Facts>
        {card.failure_code !== null && (
          <Fact name={t("detail.why")}>{failureText(t, card.failure_code)}</Fact>
        )}
        {card.ledger_index !== null && <Fact name={t("detail.ledger")}>{card.ledger_index}</Fact>}
        {card.tx_hash !== null && (
          <HashFact hash={card.tx_hash} explorer={wallet?.explorer_url ?? null} />
        )}
      </Facts>
    </Sheet>
  );
}

type T = ReturnType<typeof useTranslation<"transfers">>["t"];

/** Why it did not happen, in words; the ledger's own code where we have none. */
export function failureText(t: T, code: string): string {
  return t(`failure.${code}` as "failure.tecUNFUNDED_PAYMENT", { defaultValue: code });
}
