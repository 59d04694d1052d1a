import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Badge, Button, ErrorState, ListSkeleton, RowContent, rowClass } from "@/design";
import type { Webhook } from "@/lib/wire";
import { webhooksQuery } from "../developer-queries";
import { Group } from "./Page";
import { WebhookSheet } from "./WebhookSheet";

/** My webhooks, each leading to what was sent to it. */
export function Webhooks({ onSecret }: { onSecret: (secret: string) => void }) {
  const { t } = useTranslation("developers");
  const webhooks = useQuery(webhooksQuery);
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Group heading={t("webhooks.title")}>
        {webhooks.isError ? (
          <ErrorState error={webhooks.error} onRetry={() => void webhooks.refetch()} />
        ) : webhooks.data === undefined ? (
          <ListSkeleton rows={1} />
        ) : webhooks.data.length === 0 ? (
          <p className="px-5 py-4 text-small text-text-3">{t("webhooks.none")}</p>
        ) : (
          <ul className="divide-y divide-line">
            {webhooks.data.map((webhook) => (
              <WebhookRow key={webhook.id} webhook={webhook} />
            ))}
          </ul>
        )}
      </Group>
      <Button icon={<Plus size={20} />} wide onClick={() => setAdding(true)}>
        {t("webhooks.add")}
      </Button>
      <WebhookSheet open={adding} onClose={() => setAdding(false)} onMade={onSecret} />
    </>
  );
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  return (
    <li>
      <Link
        to="/more/developers/$webhookId"
        params={{ webhookId: webhook.id }}
        className={rowClass()}
      >
        <RowContent
          leading={
            <span className="flex size-11 shrink-0 items-center justify-center rounded-[36%] bg-sunken text-text-2">
              <WebhookIcon size={22} aria-hidden="true" />
            </span>
          }
          title={webhook.description || new URL(webhook.url).host}
          subtitle={webhook.url}
          trailing={<WebhookBadge webhook={webhook} />}
          leads
        />
      </Link>
    </li>
  );
}

/** How a webhook is, in a word. */
export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation("developers");
  if (!webhook.enabled) return <Badge>{t("webhooks.off")}</Badge>;
  if (webhook.failing_since !== null) return <Badge tone="warning">{t("webhooks.failing")}</Badge>;
  return <Badge tone="accent">{t("webhooks.on")}</Badge>;
}
