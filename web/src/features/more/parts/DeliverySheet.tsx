import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Button, ErrorState, Sheet, Spinner, toast } from "@/design";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { DeliveryAttempt, DeliveryDetail } from "@/lib/wire";
import { deliveryQuery, useReplay } from "../developer-queries";
import { errorText } from "./Deliveries";

interface DeliverySheetProps {
  webhookId: string;
  /** Null: closed. */
  deliveryId: string | null;
  enabled: boolean;
  onClose: () => void;
}

/** One delivery: what was sent, and every attempt with the beginning of its answer. */
export function DeliverySheet({ webhookId, deliveryId, enabled, onClose }: DeliverySheetProps) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const found = useQuery({
    ...deliveryQuery(webhookId, deliveryId ?? ""),
    enabled: deliveryId !== null,
  });
  const replay = useReplay(webhookId);
  return (
    <Sheet
      open={deliveryId !== null}
      onOpenChange={onClose}
      title={found.data?.delivery.event_type ?? t("deliveries.title")}
      footer={
        enabled && (
          <Button
            wide
            busy={replay.isPending}
            onClick={() =>
              replay.mutate(deliveryId, {
                onSuccess: () => toast(t("deliveries.replaying")),
                onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
              })
            }
          >
            {t("deliveries.replay")}
          </Button>
        )
      }
    >
      {found.isError ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Spinner className="min-h-40" />
      ) : (
        <Detail detail={found.data} />
      )}
    </Sheet>
  );
}

function Detail({ detail }: { detail: DeliveryDetail }) {
  const { t, i18n } = useTranslation("developers");
  const { delivery } = detail;
  return (
    <div className="flex flex-col gap-4 text-small">
      <dl className="flex flex-col gap-2">
        <Line name={t("deliveries.happened")}>{dateTime(i18n.language, delivery.created_at)}</Line>
        <Line name={t("deliveries.id")}>
          <span className="font-mono text-caption break-all">{delivery.message_id}</span>
        </Line>
      </dl>
      {delivery.next_attempt_at !== null && delivery.attempts > 0 && (
        <p role="status" className="text-text-2">
          {t("deliveries.next", { date: dateTime(i18n.language, delivery.next_attempt_at) })}
        </p>
      )}
      <section aria-label={t("deliveries.tries")} className="flex flex-col gap-2">
        <h3 className="font-semibold text-text-3">{t("deliveries.tries")}</h3>
        <ul className="flex flex-col gap-2">
          {detail.attempts.map((attempt) => (
            <Attempt key={attempt.at} attempt={attempt} />
          ))}
        </ul>
      </section>
      <section aria-label={t("deliveries.body")} className="flex flex-col gap-2">
        <h3 className="font-semibold text-text-3">{t("deliveries.body")}</h3>
        <pre
          tabIndex={0}
          className="max-h-60 overflow-auto rounded-field bg-sunken p-3 text-caption whitespace-pre-wrap break-all"
        >
          {JSON.stringify(JSON.parse(detail.payload), null, 2)}
        </pre>
      </section>
    </div>
  );
}

function Line({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-col">
      <dt className="text-text-3">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Attempt({ attempt }: { attempt: DeliveryAttempt }) {
  const { t, i18n } = useTranslation("developers");
  const outcome = [
    attempt.status === null ? null : String(attempt.status),
    attempt.error === null ? null : errorText(t, attempt.error),
    t("deliveries.took", { ms: attempt.took_ms }),
  ].filter((text) => text !== null);
  return (
    <li className="rounded-field border border-line p-3">
      <p className="flex flex-wrap justify-between gap-2">
        <span>{dateTime(i18n.language, attempt.at)}</span>
        <span className={attempt.error === null ? "text-accent-text" : "text-danger"}>
          {outcome.join(" · ")}
        </span>
      </p>
      {attempt.snippet !== "" && (
        <p className="mt-1 font-mono text-caption break-all whitespace-pre-wrap text-text-2">
          {attempt.snippet}
        </p>
      )}
    </li>
  );
}
