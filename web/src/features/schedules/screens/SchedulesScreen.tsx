import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  Button,
  Dialog,
  EmptyState,
  ErrorState,
  ListSkeleton,
  PageHeader,
  toast,
} from "@/design";
import { openPay } from "@/features/transfers";
import { shortAddress } from "@/lib/address";
import { formatAmount } from "@/lib/amount";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Run, Schedule } from "@/lib/wire";
import { type ScheduleDeed, schedulesQuery, useScheduleDeed } from "../queries";
import { ScheduleSheet } from "../ScheduleSheet";

/** Every schedule of mine: what is due, what comes next, and what became of the last ones. */
export function SchedulesScreen() {
  const { t } = useTranslation("schedules");
  const navigate = useNavigate();
  const schedules = useQuery(schedulesQuery);
  const [making, setMaking] = useState(false);
  const shown = schedules.data?.items;
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t("title")} onBack={() => void navigate({ to: "/more" })} backOnPhoneOnly />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex w-full max-w-160 flex-col gap-4 p-4 pb-10 split:p-6">
          <p className="text-small text-text-3">{t("body")}</p>
          <Button tone="primary" size="large" wide onClick={() => setMaking(true)}>
            {t("make")}
          </Button>
          {shown === undefined ? (
            schedules.isError ? (
              <ErrorState error={schedules.error} onRetry={() => void schedules.refetch()} />
            ) : (
              <ListSkeleton rows={3} />
            )
          ) : shown.length === 0 ? (
            <EmptyState icon={<CalendarClock size={28} />} title={t("empty.title")} body={t("empty.body")} />
          ) : (
            <ul className="flex flex-col gap-3">
              {shown.map((schedule) => (
                <ScheduleItem key={schedule.id} schedule={schedule} />
              ))}
            </ul>
          )}
        </div>
      </div>
      {making && <ScheduleSheet onClose={() => setMaking(false)} />}
    </div>
  );
}

function ScheduleItem({ schedule }: { schedule: Schedule }) {
  const { t, i18n } = useTranslation("schedules");
  const { t: problems } = useTranslation("problems");
  const deed = useScheduleDeed();
  const [asking, setAsking] = useState(false);
  const name = schedule.payee?.name ?? shortAddress(schedule.address ?? "");
  const due = schedule.runs.find(({ state }) => state === "due");
  const canSkip = due !== undefined || schedule.runs.some(({ state }) => state === "coming");
  const running = schedule.state === "active" || schedule.state === "paused";
  const run = (what: ScheduleDeed) =>
    deed.mutate(
      { id: schedule.id, deed: what },
      {
        onSuccess: () => setAsking(false),
        onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
      },
    );
  return (
    <li aria-label={name} className="flex flex-col gap-2 rounded-card border border-line bg-surface p-4">
      <div className="flex items-baseline justify-between gap-3">
        <span dir="auto" className="min-w-0 truncate text-body font-semibold">
          {t("to", { name })}
        </span>
        <span className="figures shrink-0 text-body font-bold">{formatAmount(schedule.amount)}</span>
      </div>
      {schedule.note !== "" && (
        <span dir="auto" className="text-small text-text-2">
          {schedule.note}
        </span>
      )}
      <span className="text-small text-text-2">
        {t(`repeat.${schedule.repeat}`)} · {t(`state.${schedule.state}`)}
      </span>
      {schedule.next_due_at !== null && (
        <span className="text-small text-text-3">
          {t("next", { when: dateTime(i18n.language, schedule.next_due_at) })}
        </span>
      )}
      <ul aria-label={t("runs")} className="flex flex-col gap-1">
        {schedule.runs.slice(0, 3).map((each) => (
          <RunLine key={each.id} run={each} />
        ))}
      </ul>
      {due !== undefined && schedule.payee !== null && (
        <Button tone="primary" wide onClick={() => payRun(schedule, due)}>
          {t("pay", { amount: formatAmount(schedule.amount) })}
        </Button>
      )}
      {(running || canSkip) && (
        <div className="flex flex-wrap gap-2">
          {canSkip && (
            <Button size="small" className="flex-1" busy={deed.isPending} onClick={() => run("skip")}>
              {t("skip")}
            </Button>
          )}
          {running && (
            <Button
              size="small"
              className="flex-1"
              busy={deed.isPending}
              onClick={() => run(schedule.state === "active" ? "pause" : "resume")}
            >
              {t(schedule.state === "active" ? "pause" : "resume")}
            </Button>
          )}
          {running && (
            <Button size="small" tone="danger-quiet" className="flex-1" onClick={() => setAsking(true)}>
              {t("cancel")}
            </Button>
          )}
        </div>
      )}
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={t("cancel_title", { name })}
        body={t("cancel_body")}
        confirm={t("cancel")}
        danger
        busy={deed.isPending}
        onConfirm={() => run("cancel")}
      />
    </li>
  );
}

function RunLine({ run }: { run: Run }) {
  const { t, i18n } = useTranslation("schedules");
  return (
    <li className="flex items-baseline justify-between gap-2 text-small">
      <span className="text-text-3">{dateTime(i18n.language, run.due_at)}</span>
      <span className="font-semibold">{t(`run.${run.state}`)}</span>
    </li>
  );
}

function payRun(schedule: Schedule, run: Run): void {
  if (schedule.payee === null) return;
  openPay({ person: schedule.payee, pays: { runId: run.id, amount: schedule.amount } });
}
