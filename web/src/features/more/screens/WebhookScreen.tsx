import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Copy, RefreshCw, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  Banner,
  Button,
  Dialog,
  EmptyState,
  ErrorState,
  IconButton,
  ListSkeleton,
  Switch,
  toast,
} from "@/design";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Webhook } from "@/lib/wire";
import {
  useChangeWebhook,
  useRemoveWebhook,
  useRotateSecret,
  useTestWebhook,
  webhooksQuery,
} from "../developer-queries";
import { Deliveries } from "../parts/Deliveries";
import { Group, Page } from "../parts/Page";
import { SecretSheet } from "../parts/SecretSheet";

/** One webhook: how it is, its secret, what was sent to it. */
export function WebhookScreen() {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const { webhookId } = useParams({ from: "/app/more/developers/$webhookId" });
  const webhooks = useQuery(webhooksQuery);
  const webhook = webhooks.data?.find(({ id }) => id === webhookId);
  return (
    <Page title={titleOf(webhook) ?? t("one.title")} back="/more/developers">
      {webhooks.isError ? (
        <ErrorState error={webhooks.error} onRetry={() => void webhooks.refetch()} />
      ) : webhooks.data === undefined ? (
        <ListSkeleton rows={3} />
      ) : webhook === undefined ? (
        <EmptyState title={problems("codes.webhook_not_found")} />
      ) : (
        <Whole webhook={webhook} />
      )}
    </Page>
  );
}

/** What its owner calls it, if anything. */
function titleOf(webhook: Webhook | undefined): string | undefined {
  return webhook === undefined || webhook.description === "" ? undefined : webhook.description;
}

function Whole({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const navigate = useNavigate();
  const test = useTestWebhook(webhook.id);
  const rotate = useRotateSecret(webhook.id);
  const remove = useRemoveWebhook(webhook.id);
  const [asked, setAsked] = useState<"rotate" | "remove" | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const complain = (problem: Error) => toast(problemText(problems, problem), { tone: "danger" });
  return (
    <>
      <State webhook={webhook} onError={complain} />
      <div className="flex flex-wrap gap-2">
        <Button
          icon={<Send size={18} />}
          disabled={!webhook.enabled}
          busy={test.isPending}
          onClick={() =>
            test.mutate(undefined, {
              onSuccess: () => toast(t("one.tested")),
              onError: complain,
            })
          }
        >
          {t("one.test")}
        </Button>
        <Button icon={<RefreshCw size={18} />} onClick={() => setAsked("rotate")}>
          {t("one.rotate")}
        </Button>
        <Button tone="danger-quiet" icon={<Trash2 size={18} />} onClick={() => setAsked("remove")}>
          {t("one.remove")}
        </Button>
      </div>
      <Deliveries webhookId={webhook.id} enabled={webhook.enabled} />
      <Dialog
        open={asked === "rotate"}
        onOpenChange={() => setAsked(null)}
        title={t("one.rotate_title")}
        body={t("one.rotate_body")}
        confirm={t("one.rotate")}
        busy={rotate.isPending}
        onConfirm={() =>
          rotate.mutate(undefined, {
            onSuccess: (made) => setSecret(made.secret),
            onError: complain,
            onSettled: () => setAsked(null),
          })
        }
      />
      <Dialog
        open={asked === "remove"}
        onOpenChange={() => setAsked(null)}
        title={t("one.remove_title")}
        body={t("one.remove_body")}
        confirm={t("one.remove")}
        danger
        busy={remove.isPending}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => {
              toast(t("webhooks.removed"));
              void navigate({ to: "/more/developers", replace: true });
            },
            onError: complain,
            onSettled: () => setAsked(null),
          })
        }
      />
      <SecretSheet secret={secret} title={t("webhooks.secret")} onClose={() => setSecret(null)} />
    </>
  );
}

function State({ webhook, onError }: { webhook: Webhook; onError: (problem: Error) => void }) {
  const { t, i18n } = useTranslation(["developers", "common"]);
  const change = useChangeWebhook(webhook.id);
  const date = (iso: string) => dateTime(i18n.language, iso);
  const copy = async () => {
    await navigator.clipboard.writeText(webhook.public_key);
    toast(t("common:copied"));
  };
  return (
    <>
      {webhook.disabled_reason !== null ? (
        <Banner tone={webhook.disabled_reason === "person" ? "neutral" : "warning"} role="status">
          {t(`one.off_${webhook.disabled_reason}`)}
        </Banner>
      ) : (
        webhook.failing_since !== null && (
          <Banner tone="warning" role="status">
            {t("one.failing", { date: date(webhook.failing_since) })}
          </Banner>
        )
      )}
      <Group>
        <div className="flex min-h-14 items-center justify-between gap-3 px-5">
          <span className="text-body">{t("one.enabled")}</span>
          <Switch
            label={t("one.enabled")}
            checked={webhook.enabled}
            disabled={change.isPending}
            onCheckedChange={(enabled) => change.mutate({ enabled }, { onError })}
          />
        </div>
        <Fact name={t("webhooks.url")}>{webhook.url}</Fact>
        <Fact name={t("one.events")}>{webhook.event_types.join(", ")}</Fact>
        <div className="flex items-center border-t border-line pr-2">
          <Fact name={t("one.key")} bare>
            {webhook.public_key}
          </Fact>
          <IconButton label={t("one.copy_key")} onClick={() => void copy()}>
            <Copy size={18} aria-hidden="true" />
          </IconButton>
        </div>
        {webhook.old_secret_until !== null && new Date(webhook.old_secret_until) > new Date() && (
          <p className="border-t border-line px-5 py-3 text-small text-text-2">
            {t("one.old_secret", { date: date(webhook.old_secret_until) })}
          </p>
        )}
      </Group>
    </>
  );
}

interface FactProps {
  name: string;
  children: string;
  /** Without a line above. */
  bare?: boolean;
}

function Fact({ name, children, bare = false }: FactProps) {
  return (
    <div className={bare ? "min-w-0 flex-1 px-5 py-3" : "border-t border-line px-5 py-3"}>
      <p className="text-small text-text-3">{name}</p>
      <p className="font-mono text-small break-all">{children}</p>
    </div>
  );
}
