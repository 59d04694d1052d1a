import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Dialog, ErrorState, ListRow, ListSkeleton, toast } from "@/design";
import { ago, shortDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import { useNow } from "@/lib/use-now";
import type { AccessToken } from "@/lib/wire";
import { tokensQuery, useRevokeToken } from "../developer-queries";
import { Group } from "./Page";
import { TokenSheet } from "./TokenSheet";

/** My access tokens: made, shown once, revoked. */
export function Tokens({ onSecret }: { onSecret: (secret: string) => void }) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const tokens = useQuery(tokensQuery);
  const revoke = useRevokeToken();
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<AccessToken | null>(null);
  return (
    <>
      <Group heading={t("tokens.title")}>
        {tokens.isError ? (
          <ErrorState error={tokens.error} onRetry={() => void tokens.refetch()} />
        ) : tokens.data === undefined ? (
          <ListSkeleton rows={1} />
        ) : tokens.data.length === 0 ? (
          <p className="px-5 py-4 text-small text-text-3">{t("tokens.none")}</p>
        ) : (
          <ul className="divide-y divide-line">
            {tokens.data.map((token) => (
              <TokenRow key={token.id} token={token} onRevoke={() => setAsked(token)} />
            ))}
          </ul>
        )}
      </Group>
      <Button icon={<Plus size={20} />} wide onClick={() => setMaking(true)}>
        {t("tokens.make")}
      </Button>
      <TokenSheet open={making} onClose={() => setMaking(false)} onMade={onSecret} />
      <Dialog
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        title={t("tokens.revoke_title", { name: asked?.name ?? "" })}
        body={t("tokens.revoke_body")}
        confirm={t("tokens.revoke")}
        danger
        busy={revoke.isPending}
        onConfirm={() => {
          if (asked === null) return;
          revoke.mutate(asked.id, {
            onSuccess: () => toast(t("tokens.revoked")),
            onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
            onSettled: () => setAsked(null),
          });
        }}
      />
    </>
  );
}

function TokenRow({ token, onRevoke }: { token: AccessToken; onRevoke: () => void }) {
  const { t, i18n } = useTranslation("developers");
  const now = useNow(60_000);
  const used =
    token.last_used_at === null
      ? t("tokens.unused")
      : t("tokens.used", { ago: ago(i18n.language, token.last_used_at, now) });
  const ends =
    token.expires_at === null
      ? null
      : t("tokens.ends", { date: shortDay(i18n.language, token.expires_at) });
  return (
    <ListRow
      leading={
        <span className="flex size-11 shrink-0 items-center justify-center rounded-[36%] bg-sunken text-text-2">
          <KeyRound size={22} aria-hidden="true" />
        </span>
      }
      title={token.name}
      subtitle={
        <span className="whitespace-normal">
          {[
            `…${token.hint}`,
            ...token.scopes.map((scope) => t(`scope_short.${scope}`)),
          ].join(" · ")}
          <br />
          {[used, ends].filter((text) => text !== null).join(" · ")}
        </span>
      }
      trailing={
        <Button size="small" aria-label={`${t("tokens.revoke")} · ${token.name}`} onClick={onRevoke}>
          {t("tokens.revoke")}
        </Button>
      }
    />
  );
}
