import { useInfiniteQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Badge, Button, ErrorState, ListRow, ListSkeleton, toast } from "@/design";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Delivery, DeliveryState } from "@/lib/wire";
import { deliveriesQuery, useReplay } from "../developer-queries";
import { DeliverySheet } from "./DeliverySheet";
import { Group } from "./Page";

const STATES = ["all", "pending", "delivered", "failed"] as const;
const TONES = { pending: "neutral", delivered: "accent", failed: "danger" } as const;

/** What was sent to a webhook, with what came of it. */
export function Deliveries({ webhookId, enabled }: { webhookId: string; enabled: boolean }) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const [state, setState] = useState<DeliveryState | "all">("all");
  const [shown, setShown] = useState<string | null>(null);
  const found = useInfiniteQuery(deliveriesQuery(webhookId, state));
  const replay = useReplay(webhookId);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div
        role="group"
        aria-label={t("deliveries.filter.label")}
        className="flex flex-wrap gap-2 px-2"
      >
        {STATES.map((name) => (
          <Button
            key={name}
            size="small"
            tone={state === name ? "primary" : "neutral"}
            aria-pressed={state === name}
            onClick={() => setState(name)}
          >
            {t(`deliveries.filter.${name}`)}
          </Button>
        ))}
      </div>
      <Group heading={t("deliveries.title")}>
        {found.isError ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : found.isPending ? (
          <ListSkeleton rows={2} />
        ) : items.length === 0 ? (
          <p className="px-5 py-4 text-small text-text-3">{t("deliveries.none")}</p>
        ) : (
          <ul className="divide-y divide-line">
            {items.map((delivery) => (
              <DeliveryRow
                key={delivery.id}
                delivery={delivery}
                onPress={() => setShown(delivery.id)}
              />
            ))}
          </ul>
        )}
      </Group>
      {found.hasNextPage && (
        <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("deliveries.older")}
        </Button>
      )}
      {enabled && items.some((delivery) => delivery.state === "failed") && (
        <Button
          icon={<RotateCcw size={20} />}
          busy={replay.isPending}
          onClick={() =>
            replay.mutate(null, {
              onSuccess: (count) => toast(t("deliveries.replayed", { count })),
              onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
            })
          }
        >
          {t("deliveries.replay_failed")}
        </Button>
      )}
      <DeliverySheet
        webhookId={webhookId}
        deliveryId={shown}
        enabled={enabled}
        onClose={() => setShown(null)}
      />
    </>
  );
}

function DeliveryRow({ delivery, onPress }: { delivery: Delivery; onPress: () => void }) {
  const { t, i18n } = useTranslation("developers");
  return (
    <ListRow
      title={<span className="font-mono text-small">{delivery.event_type}</span>}
      subtitle={`${dateTime(i18n.language, delivery.created_at)} · ${outcomeText(t, delivery)}`}
      trailing={
        <Badge tone={TONES[delivery.state]}>{t(`deliveries.filter.${delivery.state}`)}</Badge>
      }
      onPress={onPress}
      leads
    />
  );
}

type Words = ReturnType<typeof useTranslation<"developers">>["t"];

/** The last answer, or why there was none; before the first attempt, nothing. */
function outcomeText(t: Words, delivery: Delivery): string {
  if (delivery.last_status !== null) return String(delivery.last_status);
  if (delivery.last_error !== null) return errorText(t, delivery.last_error);
  return t("deliveries.attempts", { count: delivery.attempts });
}

/** Why an attempt failed, in words. */
export function errorText(t: Words, error: string): string {
  // The word comes from the server, so its key cannot be checked against the catalogue here.
  return t(`error.${error as "status"}`, { defaultValue: error });
}
