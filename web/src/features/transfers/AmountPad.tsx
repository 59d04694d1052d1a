import { Delete } from "lucide-react";
import { useTranslation } from "react-i18next";
import { assetCode, decimalsOf, formatDecimal, XRP } from "@/lib/amount";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0"] as const;
/** As many as there ever was XRP, and as an issued currency keeps. */
const WHOLE_DIGITS_MAX = { xrp: 11, token: 15 };

/** `text` with one more key pressed; unchanged where the result would be no amount of the asset. */
export function pressed(text: string, key: string, asset = XRP): string {
  if (key === "⌫") return text.slice(0, -1);
  const next = text === "0" && key !== "." ? key : text === "" && key === "." ? "0." : text + key;
  const [whole = "", fraction = ""] = next.split(".");
  const decimals = decimalsOf(asset);
  const fits =
    whole.length <= WHOLE_DIGITS_MAX[asset === XRP ? "xrp" : "token"] &&
    fraction.length <= decimals &&
    (decimals > 0 || !next.includes("."));
  return /^\d*\.?\d*$/.test(next) && fits ? next : text;
}

interface AmountPadProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  invalid: boolean;
  describedBy?: string | undefined;
  /** What is counted; XRP unless said. */
  asset?: string;
}

/** A big amount with a pad under it. A keyboard types into it as well. */
export function AmountPad({
  label,
  value,
  onChange,
  invalid,
  describedBy,
  asset = XRP,
}: AmountPadProps) {
  const { t } = useTranslation("transfers");
  const type = (text: string) => {
    const plain = text.replaceAll(/[,\s]/g, "");
    if (!/^\d*\.?\d*$/.test(plain)) return;
    onChange(Array.from(plain).reduce((typed, key) => pressed(typed, key, asset), ""));
  };
  const shown = value.endsWith(".") ? `${formatDecimal(value.slice(0, -1))}.` : formatDecimal(value);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-baseline justify-center gap-2 py-3">
        <input
          aria-label={label}
          aria-invalid={invalid || undefined}
          aria-describedby={describedBy}
          // The pad below is the keyboard on a phone.
          inputMode="none"
          autoComplete="off"
          autoFocus
          placeholder="0"
          value={shown}
          onChange={(event) => type(event.currentTarget.value)}
          className="figures min-w-0 flex-1 bg-transparent text-right text-hero font-bold text-text outline-none placeholder:text-text-3"
          size={1}
        />
        <span className="flex-1 text-title font-semibold text-text-3">{assetCode(asset)}</span>
      </div>
      <div className="grid grid-cols-3 gap-1" role="group" aria-label={t("pad.label")}>
        {KEYS.map((key) => (
          <button
            key={key}
            type="button"
            tabIndex={-1}
            onClick={() => onChange(pressed(value, key, asset))}
            className="figures min-h-13 rounded-field text-title font-medium text-text transition-colors duration-100 hover:bg-hover active:bg-hover"
          >
            {key}
          </button>
        ))}
        <button
          type="button"
          tabIndex={-1}
          aria-label={t("pad.erase")}
          onClick={() => onChange(pressed(value, "⌫", asset))}
          className="flex min-h-13 items-center justify-center rounded-field text-text-2 transition-colors duration-100 hover:bg-hover active:bg-hover"
        >
          <Delete size={24} aria-hidden="true" />
        </button>
      </div>
    </div>
  );
}
