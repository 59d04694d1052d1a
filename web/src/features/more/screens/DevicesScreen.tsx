import { useQuery } from "@tanstack/react-query";
import { Laptop, Smartphone } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Dialog, ErrorState, ListRow, ListSkeleton, toast } from "@/design";
import { ago, shortDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import { useNow } from "@/lib/use-now";
import type { Session } from "@/lib/wire";
import { Group, Page } from "../parts/Page";
import { sessionsQuery, useRevoke } from "../queries";

type Asked = { session: Session } | "all" | null;

/** Where I am signed in. */
export function DevicesScreen() {
  const { t } = useTranslation("more");
  const { t: problems } = useTranslation("problems");
  const sessions = useQuery(sessionsQuery);
  const revoke = useRevoke();
  const [asked, setAsked] = useState<Asked>(null);

  if (sessions.data === undefined) {
    return (
      <Page title={t("devices.title")}>
        {sessions.isError ? (
          <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />
        ) : (
          <ListSkeleton rows={3} />
        )}
      </Page>
    );
  }
  const here = sessions.data.filter(({ current }) => current);
  const others = sessions.data.filter(({ current }) => !current);
  const nameOf = (session: Session) => session.device_name || t("devices.unnamed");
  const all = asked === "all";
  const title = all
    ? t("devices.revoke_all_title")
    : t("devices.revoke_title", { name: asked === null ? "" : nameOf(asked.session) });

  return (
    <Page title={t("devices.title")}>
      <Group heading={t("devices.this")}>
        <ul>
          {here.map((session) => (
            <SessionRow key={session.id} session={session} name={nameOf(session)} />
          ))}
        </ul>
      </Group>
      {others.length === 0 ? (
        <p className="px-2 text-small text-text-3">{t("devices.none")}</p>
      ) : (
        <>
          <Group heading={t("devices.others")}>
            <ul className="divide-y divide-line">
              {others.map((session) => (
                <SessionRow
                  key={session.id}
                  session={session}
                  name={nameOf(session)}
                  onRevoke={() => setAsked({ session })}
                />
              ))}
            </ul>
          </Group>
          <Button tone="danger-quiet" wide onClick={() => setAsked("all")}>
            {t("devices.revoke_all")}
          </Button>
        </>
      )}
      <Dialog
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        title={title}
        body={all ? t("devices.revoke_all_body") : t("devices.revoke_body")}
        confirm={t("devices.revoke")}
        danger
        busy={revoke.isPending}
        onConfirm={() => {
          if (asked === null) return;
          revoke.mutate(
            { sessionId: asked === "all" ? null : asked.session.id },
            {
              onSuccess: () => toast(t("devices.revoked")),
              onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
              onSettled: () => setAsked(null),
            },
          );
        }}
      />
    </Page>
  );
}

interface SessionRowProps {
  session: Session;
  name: string;
  onRevoke?: () => void;
}

function SessionRow({ session, name, onRevoke }: SessionRowProps) {
  const { t, i18n } = useTranslation("more");
  const now = useNow(60_000);
  const Icon = /iPhone|Android/.test(session.device_name) ? Smartphone : Laptop;
  return (
    <ListRow
      leading={
        <span className="flex size-11 shrink-0 items-center justify-center rounded-[36%] bg-sunken text-text-2">
          <Icon size={22} aria-hidden="true" />
        </span>
      }
      title={name}
      subtitle={
        <span className="whitespace-normal">
          {session.current
            ? t("devices.now")
            : t("devices.seen", { ago: ago(i18n.language, session.last_seen_at, now) })}
          <br />
          {t("devices.since", { date: shortDay(i18n.language, session.created_at) })}
          <br />
          <span className="figures">{session.address}</span>
        </span>
      }
      trailing={
        onRevoke !== undefined && (
          <Button
            size="small"
            aria-label={`${t("devices.revoke")} · ${name}`}
            onClick={onRevoke}
          >
            {t("devices.revoke")}
          </Button>
        )
      }
    />
  );
}
