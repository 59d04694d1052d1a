import { Link } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Download, ReceiptText, SlidersHorizontal } from "lucide-react";
import { clsx } from "clsx";
import { useDeferredValue, useState } from "react";
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
import { ActivityFilterSheet } from "./ActivityFilterSheet";
import { countOf, EVERYTHING, queryOf, tableAddress } from "./activity-filter";
import { useActivity } from "./queries";

const DIRECTIONS = ["all", "in", "out"] as const;

/** My movements, newest first, narrowed and searched by the server. */
export function ActivityList() {
  const { t } = useTranslation("wallet");
  const [filter, setFilter] = useState(EVERYTHING);
  const [choosing, setChoosing] = useState(false);
  const settled = useDeferredValue(filter);
  const activity = useActivity(settled);
  const shown = activity.data?.pages.flatMap(({ items }) => items) ?? [];
  const narrowed = Object.keys(queryOf(filter)).length > 0;
  if (activity.isPending && !narrowed) return <ListSkeleton rows={4} />;
  if (activity.isError) {
    return <ErrorState error={activity.error} onRetry={() => void activity.refetch()} />;
  }
  if (shown.length === 0 && !narrowed) {
    return (
      <EmptyState
        icon={<ReceiptText size={28} />}
        title={t("activity.none")}
        body={t("activity.none_body")}
      />
    );
  }
  const count = countOf(filter);
  return (
    <section aria-label={t("activity.title")}>
      <div className="flex min-h-11 items-center justify-between gap-2 px-5">
        <h2 className="text-small font-semibold text-text-3">{t("activity.title")}</h2>
        <a
          href={tableAddress(filter)}
          download
          className="relative inline-flex min-h-9 items-center gap-2 rounded-field px-3 text-small font-semibold text-accent-text after:absolute after:inset-x-0 after:-inset-y-1 hover:bg-accent-soft"
        >
          <Download size={16} aria-hidden="true" />
          {t("activity.export")}
        </a>
      </div>
      <div className="flex flex-col gap-3 px-5 pb-2">
        <div role="group" aria-label={t("activity.filter.label")} className="flex flex-wrap gap-2">
          {DIRECTIONS.map((direction) => (
            <Button
              key={direction}
              size="small"
              tone={filter.direction === direction ? "primary" : "neutral"}
              aria-pressed={filter.direction === direction}
              onClick={() => setFilter({ ...filter, direction })}
            >
              {t(`activity.filter.${direction}`)}
            </Button>
          ))}
          <Button
            size="small"
            tone={count > 0 ? "primary" : "neutral"}
            icon={<SlidersHorizontal size={16} />}
            onClick={() => setChoosing(true)}
          >
            {count > 0 ? t("activity.filter.more_set", { count }) : t("activity.filter.more")}
          </Button>
        </div>
        <TextField
          label={t("activity.search")}
          labelHidden
          type="search"
          maxLength={100}
          placeholder={t("activity.search")}
          value={filter.search}
          onChange={({ currentTarget }) => setFilter({ ...filter, search: currentTarget.value })}
        />
      </div>
      <ActivityFilterSheet
        open={choosing}
        filter={filter}
        onClose={() => setChoosing(false)}
        onChange={setFilter}
      />
      <ul className="py-1">
        {shown.map((entry) => (
          <Row key={entry.id} entry={entry} />
        ))}
      </ul>
      {activity.isPending ? (
        <ListSkeleton rows={2} />
      ) : (
        shown.length === 0 && (
        <p className="px-5 py-4 text-small text-text-3">{t("activity.no_match")}</p>
        )
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
