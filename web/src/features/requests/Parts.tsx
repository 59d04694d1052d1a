import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button } from "@/design";
import { useMe } from "@/features/identity";
import { formatAmount } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import type { RequestAsk, SplitCheck } from "@/lib/wire";
import { useMakeRequest } from "./queries";

interface PartsProps {
  ask: RequestAsk;
  check: SplitCheck;
  onBack: () => void;
  onDone: () => void;
}

/** Everyone's part to the smallest unit, before anybody is asked. */
export function Parts({ ask, check, onBack, onDone }: PartsProps) {
  const { t } = useTranslation("requests");
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const make = useMakeRequest();
  // Kept while it is tried again, so that a lost answer cannot ask twice.
  const key = useRef(crypto.randomUUID());
  const extra = check.parts.find((part) => part.extra !== null)?.extra ?? null;
  return (
    <div className="flex flex-col gap-3">
      <p className="figures py-2 text-center text-hero font-bold">{formatAmount(check.asked)}</p>
      <ul className="flex flex-col divide-y divide-line">
        {check.parts.map(({ person, amount, extra: more }) => (
          <li key={person.id} className="flex min-h-13 items-center gap-3 py-2">
            <Avatar id={person.id} name={person.name} picture={person.picture_url} size={36} />
            <span dir="auto" className="min-w-0 flex-1 truncate text-body">
              {person.id === me.id ? t("parts.mine") : person.name}
            </span>
            <span className="figures text-body font-semibold">
              {formatAmount(amount)}
              {more !== null && <span className="text-accent-text"> *</span>}
            </span>
          </li>
        ))}
      </ul>
      {extra !== null && (
        <p className="text-small text-text-3">{t("parts.remainder", { amount: formatAmount(extra) })}</p>
      )}
      {ask.room_id === null && <p className="text-small text-text-3">{t("parts.separately")}</p>}
      {make.error !== null && (
        <Banner tone="danger" role="alert">
          {problemText(problems, make.error)}
        </Banner>
      )}
      <Button
        tone="primary"
        size="large"
        wide
        busy={make.isPending}
        onClick={() => make.mutate({ ask, idempotencyKey: key.current }, { onSuccess: onDone })}
      >
        {t("parts.send", { amount: formatAmount(check.asked) })}
      </Button>
      <Button tone="quiet" size="large" wide onClick={onBack}>
        {t("parts.back")}
      </Button>
    </div>
  );
}
