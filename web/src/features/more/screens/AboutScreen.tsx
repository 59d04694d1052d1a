import { useQuery } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Badge, ErrorState, ListSkeleton } from "@/design";
import { aboutQuery } from "@/lib/about";
import { timeOfDay } from "@/lib/dates";
import { Group, Page } from "../parts/Page";

const REFRESH_MS = 15_000;
const NETWORKS = ["embedded", "testnet", "devnet", "mainnet"] as const;

/** Which version this is, which network, and whether its parts work now. */
export function AboutScreen() {
  const { t, i18n } = useTranslation("more");
  const about = useQuery({ ...aboutQuery, refetchInterval: REFRESH_MS });
  if (about.data === undefined) {
    return (
      <Page title={t("about.title")}>
        {about.isError ? (
          <ErrorState error={about.error} onRetry={() => void about.refetch()} />
        ) : (
          <ListSkeleton rows={4} />
        )}
      </Page>
    );
  }
  const { version, network, ledger_ok, database_ok, explorer_url, dev_inbox } = about.data;
  const known = NETWORKS.find((name) => name === network);
  return (
    <Page title={t("about.title")}>
      <Group>
        <dl className="divide-y divide-line">
          <Fact name={t("about.version")}>{version}</Fact>
          <Fact name={t("about.network")}>
            {known === undefined ? network : t(`about.networks.${known}`)}
          </Fact>
          <Fact name={t("about.ledger")}>
            <Health ok={ledger_ok} />
          </Fact>
          <Fact name={t("about.database")}>
            <Health ok={database_ok} />
          </Fact>
        </dl>
      </Group>
      <p className="figures px-2 text-caption text-text-3">
        {t("about.checked", { time: timeOfDay(i18n.language, new Date(about.dataUpdatedAt)) })}
      </p>
      <Group>
        <ul className="divide-y divide-line">
          {explorer_url !== null && <Outside href={explorer_url} text={t("about.explorer")} />}
          <Outside href="/docs" text={t("about.docs")} />
          {dev_inbox && <Outside href="/dev/inbox" text={t("about.inbox")} />}
        </ul>
      </Group>
    </Page>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-14 items-center justify-between gap-4 px-5 py-2">
      <dt className="text-text-2">{name}</dt>
      <dd className="text-right font-medium">{children}</dd>
    </div>
  );
}

function Health({ ok }: { ok: boolean }) {
  const { t } = useTranslation("more");
  return <Badge tone={ok ? "accent" : "danger"}>{ok ? t("about.ok") : t("about.down")}</Badge>;
}

function Outside({ href, text }: { href: string; text: string }) {
  return (
    <li>
      <a
        href={href}
        target="_blank"
        rel="noreferrer"
        className="flex min-h-14 items-center justify-between gap-3 px-5 -outline-offset-2 hover:bg-hover/60"
      >
        {text}
        <ExternalLink size={18} aria-hidden="true" className="text-text-3" />
      </a>
    </li>
  );
}
