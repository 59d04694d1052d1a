import { clsx } from "clsx";
import { BadgeCheck, ChevronDown, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Sheet } from "@/design";
import { assetCode, formatAmount } from "@/lib/amount";
import type { AssetChoice } from "./asset-choices";

interface AssetPickerProps {
  label: string;
  choices: readonly AssetChoice[];
  value: string;
  onChange: (asset: string) => void;
}

/** Which asset, with what can be spent of each. A token is never told apart by its code alone. */
export function AssetPicker({ label, choices, value, onChange }: AssetPickerProps) {
  const [open, setOpen] = useState(false);
  const chosen = choices.find(({ asset }) => asset === value);
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className="flex min-h-13 items-center gap-3 rounded-field bg-sunken px-4 py-2 text-left transition-colors duration-100 hover:bg-hover"
      >
        <span className="shrink-0 text-small text-text-3">{label}</span>
        <span className="min-w-0 flex-1 text-right text-body font-semibold">{assetCode(value)}</span>
        {chosen !== undefined && <Mark choice={chosen} />}
        <ChevronDown size={18} aria-hidden="true" className="shrink-0 text-text-3" />
      </button>
      {open && (
        <Sheet open onOpenChange={() => setOpen(false)} title={label}>
          <div role="radiogroup" aria-label={label} className="flex flex-col divide-y divide-line">
            {choices.map((choice) => (
              <button
                key={choice.asset}
                type="button"
                role="radio"
                aria-checked={choice.asset === value}
                onClick={() => {
                  onChange(choice.asset);
                  setOpen(false);
                }}
                className={clsx(
                  "flex min-h-16 items-center gap-3 rounded-field px-2 py-3 text-left",
                  choice.asset === value ? "bg-accent-soft" : "hover:bg-hover",
                )}
              >
                <ChoiceText choice={choice} />
                <Mark choice={choice} />
              </button>
            ))}
          </div>
        </Sheet>
      )}
    </>
  );
}

function ChoiceText({ choice }: { choice: AssetChoice }) {
  const { t } = useTranslation("transfers");
  const { asset, token, spendable } = choice;
  return (
    <span className="flex min-w-0 flex-1 flex-col">
      <span className="text-body font-semibold">{assetCode(asset)}</span>
      {token !== null && (
        <span dir="auto" className="text-small break-all text-text-3">
          {token.issuer_name ?? token.issuer}
        </span>
      )}
      <span className="text-small text-text-2">
        {spendable === null ? t("assets.not_held") : t("spendable", { amount: formatAmount(spendable) })}
      </span>
    </span>
  );
}

function Mark({ choice: { token } }: { choice: AssetChoice }) {
  const { t } = useTranslation("transfers");
  if (token === null) return null;
  return token.verified ? (
    <BadgeCheck size={20} role="img" aria-label={t("assets.verified")} className="shrink-0 text-accent-text" />
  ) : (
    <TriangleAlert
      size={20}
      role="img"
      aria-label={t(token.lookalike_of === null ? "assets.unverified" : "assets.lookalike")}
      className={clsx("shrink-0", token.lookalike_of === null ? "text-warning" : "text-danger")}
    />
  );
}
