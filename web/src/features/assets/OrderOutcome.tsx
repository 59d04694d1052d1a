import { Ban, CircleCheck, CircleX, HelpCircle, Send } from "lucide-react";
import { clsx } from "clsx";
import { useTranslation } from "react-i18next";
import { Button, Spinner } from "@/design";
import type { Order, TrustAction } from "@/lib/wire";
import { useOrder } from "./queries";

type Outcome = "working" | "done" | "failed" | "expired" | "cancelled" | "uncertain";

const ICONS = {
  working: Send,
  done: CircleCheck,
  failed: CircleX,
  expired: Ban,
  cancelled: Ban,
  uncertain: HelpCircle,
};

const TONES: Record<Outcome, string> = {
  working: "text-text-2",
  done: "text-accent-text",
  failed: "text-danger",
  expired: "text-text-3",
  cancelled: "text-text-3",
  uncertain: "text-text-2",
};

interface OrderOutcomeProps {
  id: string;
  action: TrustAction;
  onClose: () => void;
}

/** What became of it, live, until the person closes it. */
export function OrderOutcome({ id, action, onClose }: OrderOutcomeProps) {
  const { t } = useTranslation("assets");
  const { data: order } = useOrder(id);
  return (
    <div className="flex flex-col gap-4">
      {order === undefined ? <Spinner className="min-h-40" /> : <Told order={order} action={action} />}
      <Button size="large" tone="primary" wide onClick={onClose}>
        {t("finish")}
      </Button>
    </div>
  );
}

function Told({ order, action }: { order: Order; action: TrustAction }) {
  const { t } = useTranslation("assets");
  const outcome = outcomeOf(order);
  const Icon = ICONS[outcome];
  return (
    <div aria-live="polite" className="flex flex-col items-center gap-2 py-6 text-center">
      <Icon size={32} aria-hidden="true" className={TONES[outcome]} />
      <p className={clsx("text-heading font-bold", TONES[outcome])}>
        {outcome === "done" ? t(`done.${action}`) : t(`outcome.${outcome}`)}
      </p>
      <p className="text-small text-text-3">{t(`outcome_more.${outcome}`)}</p>
      {order.failure !== null && <p className="text-small text-text-2">{order.failure.code}</p>}
    </div>
  );
}

/** An outcome that is not known yet is never shown as anything else. */
function outcomeOf({ state, uncertain }: Order): Outcome {
  if (uncertain) return "uncertain";
  switch (state) {
    case "done":
    case "failed":
    case "expired":
    case "cancelled":
      return state;
    case "partly":
      return "failed";
    case "drafted":
    case "signing":
    case "working":
      return "working";
  }
}
