import { Link } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Download, ReceiptText } from "lucide-react";
import { clsx } from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  Avatar,
  Button,
  EmptyState,
  ErrorState,
  ListSkeleton,
  RowContent,
  rowClass,
  TextField,
} from "@/design";
import { TONE_CLASS, viewOf } from "@/features/transfers";
import { shortAddress } from "@/lib/address";
import { formatAmount } from "@/lib/amount";
import { listTime } from "@/lib/dates";
import type { Activity, TransferState } from "@/lib/wire";
import { csvOf } from "./csv";
import { useActivity } from "./queries";

type Direction = "all" | "in" | "out";
const DIRECTIONS: readonly Direction[] = ["all", "in", "out"];

/** My movements, newest first, with filter and search over what has been loaded. */
export function ActivityList() {
  const { t } = useTranslation("wallet");
  const activity = useActivity();
  const [direction, setDirection] = useState<Direction>("all");
  const [search, setSearch] = useState("");
  if (activity.isPending) return <ListSkeleton rows={4} />;
  if (activity.isError) {
    return <ErrorState error={activity.error} onRetry={() => void activity.refetch()} />;
  }
  const all = activity.data.pages.flatMap(({ items }) => items);
  const shown = all.filter((entry) => fits(entry, direction, search));
  if (all.length === 0) {
    return (
      <EmptyState
        icon={<ReceiptText size={28} />}
        title={t("activity.none")}
        body={t("activity.none_body")}
      />
    );
  }
  return (
    <section aria-label={t("activity.title")}>
      <div className="flex min-h-11 items-center justify-between gap-2 px-5">
        <h2 className="text-small font-semibold text-text-3">{t("activity.title")}</h2>
        <Button
          size="small"
          tone="quiet"
          icon={<Download size={16} />}
          onClick={() => save("talktalk.csv", csvOf(all))}
        >
          {t("activity.export")}
        </Button>
      </div>
      <div className="flex flex-col gap-3 px-5 pb-2">
        <div role="group" aria-label={t("activity.filter.label")} className="flex gap-2">
          {DIRECTIONS.map((name) => (
            <Button
              key={name}
              size="small"
              tone={direction === name ? "primary" : "neutral"}
              aria-pressed={direction === name}
              onClick={() => setDirection(name)}
            >
              {t(`activity.filter.${name}`)}
            </Button>
          ))}
        </div>
        <TextField
          label={t("activity.search")}
          labelHidden
          type="search"
          placeholder={t("activity.search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      <ul className="py-1">
        {shown.map((entry) => (
          <Row key={entry.id} entry={entry} />
        ))}
      </ul>
      {shown.length === 0 && (
        <p className="px-5 py-4 text-small text-text-3">{t("activity.no_match")}</p>
      )}
      {activity.hasNextPage && (
        <div className="flex justify-center p-3">
          <Button busy={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>
            {t("activity.older")}
          </Button>
        </div>
      )}
    </section>
  );
}

function Row({ entry }: { entry: Activity }) {
  const { t, i18n } = useTranslation(["wallet", "transfers"]);
  const view = viewOf(entry.state as TransferState, entry.uncertain, 14);
  const moved = entry.state === "settled";
  const person = entry.counterparty;
  const Arrow = entry.incoming ? ArrowDownLeft : ArrowUpRight;
  return (
    <li>
      <Link to="/wallet/activity/$id" params={{ id: entry.id }} className={rowClass()}>
        <RowContent
          leading={
            person === null ? (
              <span className="flex size-11 shrink-0 items-center justify-center rounded-[36%] bg-sunken text-text-2">
                <Arrow size={22} aria-hidden="true" />
              </span>
            ) : (
              <Avatar id={person.id} name={person.name} picture={person.picture_url} />
            )
          }
          title={nameOf(entry)}
          subtitle={
            moved ? (
              [listTime(i18n.language, entry.settled_at ?? entry.created_at, new Date()), entry.note]
                .filter(Boolean)
                .join(" · ")
            ) : (
              <span className={clsx("inline-flex items-center gap-1", TONE_CLASS[view.tone])}>
                {view.icon}
                {t(`transfers:state.${view.text}`)}
              </span>
            )
          }
          trailing={
            <span
              className={clsx(
                "figures shrink-0 text-body font-semibold",
                !moved ? "text-text-3" : entry.incoming ? "text-accent-text" : "text-text",
              )}
            >
              {`${entry.incoming ? "+" : "−"}${formatAmount(entry.amount)}`}
            </span>
          }
        />
      </Link>
    </li>
  );
}

/** The other side: a name, or an address shortened. */
export function nameOf(entry: Activity): string {
  return entry.counterparty?.name ?? shortAddress(entry.address);
}

function fits(entry: Activity, direction: Direction, search: string): boolean {
  if (direction !== "all" && entry.incoming !== (direction === "in")) return false;
  const words = search.trim().toLowerCase();
  return [nameOf(entry), entry.address, entry.note, entry.amount.value, entry.tx_hash ?? ""].some(
    (text) => text.toLowerCase().includes(words),
  );
}

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
