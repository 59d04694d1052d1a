import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Scale } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button, Switch, TextField } from "@/design";
import { friendsQuery } from "@/features/friends";
import { useMe } from "@/features/identity";
import { AmountPad } from "@/features/transfers";
import { compare, typedDecimal, XRP } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import type { Person, RequestAsk, Room, SplitCheck, SplitMode } from "@/lib/wire";
import { useSplitCheck } from "./queries";

const NOTE_LENGTH_MAX = 200;
const WEIGHT_MAX = 1000;
const MODES: readonly SplitMode[] = ["equal", "own", "shares"];

interface AskFormProps {
  room: Room;
  onChecked: (ask: RequestAsk, check: SplitCheck) => void;
  onSettleUp: () => void;
}

/** Who takes part, how it is split, and how much. */
export function AskForm({ room, onChecked, onSettleUp }: AskFormProps) {
  const { t } = useTranslation("requests");
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const people = usePeople(room, me.id);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(
    () => new Set(room.members.map(({ person }) => person.id).filter((id) => id !== me.id)),
  );
  const [mode, setMode] = useState<SplitMode>("equal");
  const [total, setTotal] = useState("");
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [note, setNote] = useState("");
  const check = useSplitCheck();
  const part = people.filter(({ id }) => chosen.has(id));
  const ask = askOf({ room, me: me.id, part, mode, total, values, note });
  const toggle = (id: string, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (ask !== null) check.mutate(ask, { onSuccess: (parts) => onChecked(ask, parts) });
      }}
    >
      <div role="radiogroup" aria-label={t("mode.label")} className="flex gap-1 rounded-field bg-sunken p-1">
        {MODES.map((each) => (
          <button
            key={each}
            type="button"
            role="radio"
            aria-checked={mode === each}
            onClick={() => setMode(each)}
            className={clsx(
              "min-h-11 flex-1 rounded-field px-2 text-small font-semibold transition-colors duration-100",
              mode === each ? "bg-raised text-text shadow-raised" : "text-text-2 hover:bg-hover",
            )}
          >
            {t(`mode.${each}`)}
          </button>
        ))}
      </div>
      {mode !== "own" && (
        <AmountPad label={t("total")} value={total} onChange={setTotal} invalid={false} />
      )}
      <ul aria-label={t("people")} className="flex flex-col divide-y divide-line">
        {people.map((person) => {
          const name = person.id === me.id ? t("me") : person.name;
          const on = chosen.has(person.id);
          return (
            <li key={person.id} className="flex min-h-15 flex-wrap items-center gap-3 py-2">
              <Avatar id={person.id} name={person.name} picture={person.picture_url} size={36} />
              <span dir="auto" className="min-w-0 flex-1 truncate text-body font-medium">
                {name}
              </span>
              {on && mode !== "equal" && (
                <TextField
                  label={t(mode === "own" ? "amount_of" : "weight_of", { name })}
                  labelHidden
                  className="max-w-28"
                  inputMode={mode === "own" ? "decimal" : "numeric"}
                  autoComplete="off"
                  placeholder={mode === "own" ? XRP : "1"}
                  value={values[person.id] ?? ""}
                  onChange={(event) =>
                    setValues({ ...values, [person.id]: event.currentTarget.value })
                  }
                />
              )}
              <Switch
                label={t("takes_part", { name })}
                checked={on}
                onCheckedChange={(checked) => toggle(person.id, checked)}
              />
            </li>
          );
        })}
      </ul>
      {chosen.has(me.id) && <p className="text-small text-text-3">{t("me_hint")}</p>}
      <TextField
        label={t("note")}
        value={note}
        maxLength={NOTE_LENGTH_MAX}
        placeholder={t("note_placeholder")}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      {check.error !== null && (
        <Banner tone="danger" role="alert">
          {problemText(problems, check.error)}
        </Banner>
      )}
      <Button type="submit" tone="primary" size="large" wide disabled={ask === null} busy={check.isPending}>
        {t("next")}
      </Button>
      <Button tone="quiet" wide icon={<Scale size={18} aria-hidden="true" />} onClick={onSettleUp}>
        {t("settle.open")}
      </Button>
    </form>
  );
}

/** Me first, so that what does not divide is mine; then the room's people; in a room of two my friends too. */
function usePeople(room: Room, myId: string): Person[] {
  const { data: friends } = useQuery(friendsQuery);
  const members = room.members.map(({ person }) => person);
  const mine = members.filter(({ id }) => id === myId);
  const others = members.filter(({ id }) => id !== myId);
  if (room.kind !== "direct") return [...mine, ...others];
  const known = new Set(members.map(({ id }) => id));
  const more = (friends ?? []).map(({ person }) => person).filter(({ id }) => !known.has(id));
  return [...mine, ...others, ...more];
}

interface Filled {
  room: Room;
  me: string;
  part: readonly Person[];
  mode: SplitMode;
  total: string;
  values: Readonly<Record<string, string>>;
  note: string;
}

/** What is asked; null while something is missing. */
function askOf({ room, me, part, mode, total, values, note }: Filled): RequestAsk | null {
  if (!part.some(({ id }) => id !== me)) return null;
  const members = new Set(room.members.map(({ person }) => person.id));
  const shared = {
    mode,
    asset: XRP,
    room_id: part.every(({ id }) => members.has(id)) ? room.id : null,
    note: note.trim(),
    expires_at: null,
  };
  if (mode === "own") {
    const people = part.map(({ id }) => ({
      user_id: id,
      value: positive(values[id] ?? ""),
      weight: null,
    }));
    return people.every(({ value }) => value !== null) ? { ...shared, people, total: null } : null;
  }
  const sum = positive(total);
  const people = part.map(({ id }) => ({
    user_id: id,
    value: null,
    weight: mode === "shares" ? weightOf(values[id] ?? "") : null,
  }));
  const whole = mode === "equal" || people.every(({ weight }) => weight !== null);
  return sum !== null && whole ? { ...shared, people, total: sum } : null;
}

function positive(text: string): string | null {
  const read = typedDecimal(text.trim());
  return read !== null && compare(read, "0") > 0 ? read : null;
}

/** A whole number; an empty field counts once. */
function weightOf(text: string): number | null {
  if (text.trim() === "") return 1;
  const read = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  return read >= 1 && read <= WEIGHT_MAX ? read : null;
}
