import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button, ListSkeleton, Sheet, TextField } from "@/design";
import { friendsQuery } from "@/features/friends";
import { compare, typedDecimal, XRP } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import type { Repeat } from "@/lib/wire";
import { useMakeSchedule } from "./queries";

const REPEATS: readonly Repeat[] = ["once", "weekly", "monthly"];
const NOTE_LENGTH_MAX = 200;
const COUNT_MAX = 600;

/** To which friend, how much, and when. */
export function ScheduleSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("schedules");
  const { t: problems } = useTranslation("problems");
  const { data: friends } = useQuery(friendsQuery);
  const [payee, setPayee] = useState<string | null>(null);
  const [value, setValue] = useState("");
  const [note, setNote] = useState("");
  const [repeat, setRepeat] = useState<Repeat>("monthly");
  const [day, setDay] = useState("");
  const [at, setAt] = useState("09:00");
  const [count, setCount] = useState("");
  // Kept while it is tried again, so that a lost answer cannot schedule twice.
  const [key] = useState(() => crypto.randomUUID());
  const make = useMakeSchedule();
  const amount = typedDecimal(value.trim());
  const times = repeat === "once" || count.trim() === "" ? null : Number(count);
  const counted = times === null || (Number.isInteger(times) && times >= 1 && times <= COUNT_MAX);
  const ready =
    payee !== null && amount !== null && compare(amount, "0") > 0 && day !== "" && at !== "" && counted;
  return (
    <Sheet open onOpenChange={onClose} title={t("make")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
          const ask = {
            user_id: payee,
            amount: { value: amount, asset: XRP },
            note: note.trim(),
            repeat,
            starts_on: day,
            at,
            zone,
            count: times,
          };
          make.mutate({ ask, idempotencyKey: `${key} ${hashOf(JSON.stringify(ask))}` }, { onSuccess: onClose });
        }}
      >
        {friends === undefined ? (
          <ListSkeleton rows={2} />
        ) : (
          <div role="radiogroup" aria-label={t("payee")} className="flex flex-col divide-y divide-line">
            {friends.length === 0 && <p className="py-3 text-body text-text-2">{t("no_friends")}</p>}
            {friends.map(({ person }) => (
              <button
                key={person.id}
                type="button"
                role="radio"
                aria-checked={payee === person.id}
                onClick={() => setPayee(person.id)}
                className={clsx(
                  "flex min-h-13 items-center gap-3 rounded-field px-2 text-left text-body",
                  payee === person.id ? "bg-accent-soft font-semibold" : "hover:bg-hover",
                )}
              >
                <Avatar id={person.id} name={person.name} picture={person.picture_url} size={36} />
                <span dir="auto" className="min-w-0 truncate">
                  {person.name}
                </span>
              </button>
            ))}
          </div>
        )}
        <TextField
          label={t("amount")}
          value={value}
          inputMode="decimal"
          autoComplete="off"
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <div role="radiogroup" aria-label={t("repeat.label")} className="flex gap-1 rounded-field bg-sunken p-1">
          {REPEATS.map((each) => (
            <button
              key={each}
              type="button"
              role="radio"
              aria-checked={repeat === each}
              onClick={() => setRepeat(each)}
              className={clsx(
                "min-h-11 flex-1 rounded-field px-2 text-small font-semibold transition-colors duration-100",
                repeat === each ? "bg-raised text-text shadow-raised" : "text-text-2 hover:bg-hover",
              )}
            >
              {t(`repeat.${each}`)}
            </button>
          ))}
        </div>
        <div className="flex flex-col gap-4 sm:flex-row sm:gap-3">
          <TextField
            label={t("day")}
            type="date"
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
          />
          <TextField
            label={t("at")}
            type="time"
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
        </div>
        {repeat !== "once" && (
          <TextField
            label={t("count")}
            hint={repeat === "monthly" ? t("month_end") : undefined}
            value={count}
            inputMode="numeric"
            autoComplete="off"
            onChange={(event) => setCount(event.currentTarget.value)}
          />
        )}
        <TextField
          label={t("note")}
          value={note}
          maxLength={NOTE_LENGTH_MAX}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {make.error !== null && (
          <Banner tone="danger" role="alert">
            {problemText(problems, make.error)}
          </Banner>
        )}
        <Button type="submit" tone="primary" size="large" wide disabled={!ready} busy={make.isPending}>
          {t("save")}
        </Button>
      </form>
    </Sheet>
  );
}

/** Tells inputs apart, so that a changed one gets a key of its own; no secret is in it. */
function hashOf(text: string): string {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return (hash >>> 0).toString(36);
}
