import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Sheet, TextField } from "@/design";
import type { TransferState } from "@/lib/wire";
import { type ActivityFilter, EVERYTHING } from "./activity-filter";
import { useWallet } from "./queries";

const STATES = ["any", "settled", "submitted", "failed", "expired"] as const satisfies readonly (
  | TransferState
  | "any"
)[];

interface ActivityFilterSheetProps {
  open: boolean;
  filter: ActivityFilter;
  onClose: () => void;
  onChange: (filter: ActivityFilter) => void;
}

/** The filters that are needed less often: state, asset, time. */
export function ActivityFilterSheet({ open, ...rest }: ActivityFilterSheetProps) {
  const { t } = useTranslation("wallet");
  return (
    <Sheet open={open} onOpenChange={rest.onClose} title={t("activity.filter.more")}>
      {open && <Fields {...rest} />}
    </Sheet>
  );
}

function Fields({ filter, onClose, onChange }: Omit<ActivityFilterSheetProps, "open">) {
  const { t } = useTranslation("wallet");
  const { data: wallet } = useWallet();
  const [draft, setDraft] = useState(filter);
  const assets = wallet?.balances.map(({ balance }) => balance.asset) ?? [];
  const close = (next: ActivityFilter) => {
    onChange(next);
    onClose();
  };
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        close(draft);
      }}
    >
      <Select
        label={t("activity.filter.state")}
        value={draft.state}
        choices={STATES.map((value) => ({ value, text: t(`activity.filter.states.${value}`) }))}
        onChange={(state) => setDraft({ ...draft, state })}
      />
      {assets.length > 1 && (
        <Select
          label={t("activity.filter.asset")}
          value={draft.asset}
          choices={[
            { value: "", text: t("activity.filter.states.any") },
            ...assets.map((value) => ({ value, text: value })),
          ]}
          onChange={(asset) => setDraft({ ...draft, asset })}
        />
      )}
      <TextField
        label={t("activity.filter.from")}
        type="date"
        value={draft.from}
        onChange={({ currentTarget }) => setDraft({ ...draft, from: currentTarget.value })}
      />
      <TextField
        label={t("activity.filter.to")}
        type="date"
        value={draft.to}
        onChange={({ currentTarget }) => setDraft({ ...draft, to: currentTarget.value })}
      />
      <div className="flex gap-2">
        <Button
          className="flex-1"
          onClick={() =>
            close({ ...EVERYTHING, direction: filter.direction, search: filter.search })
          }
        >
          {t("activity.filter.clear")}
        </Button>
        <Button type="submit" tone="primary" className="flex-1">
          {t("activity.filter.apply")}
        </Button>
      </div>
    </form>
  );
}

interface SelectProps<V extends string> {
  label: string;
  value: V;
  choices: readonly { value: V; text: string }[];
  onChange: (value: V) => void;
}

function Select<V extends string>({ label, value, choices, onChange }: SelectProps<V>) {
  return (
    <label className="flex flex-col gap-2 text-small font-medium text-text-2">
      {label}
      <select
        className="min-h-13 rounded-field border border-transparent bg-sunken px-4 text-body text-text"
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value as V)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </label>
  );
}
