import { ChevronDown } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Sheet, TextField } from "@/design";
import { callingCode, formatTyped, type Region, regionChoices } from "@/lib/phone";

interface PhoneFieldProps {
  label: string;
  value: string;
  region: Region;
  onChange: (value: string) => void;
  onRegionChange: (region: Region) => void;
  error?: string | undefined;
  hint?: string;
  autoFocus?: boolean;
}

/** Where the caret goes in `text` so that `digits` digits stand before it. */
function caretAfter(text: string, digits: number): number {
  let seen = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (seen === digits) return index;
    if (/[\d+]/.test(text[index] ?? "")) seen += 1;
  }
  return text.length;
}

/** A phone number, formatted as it is typed, with its country beside it. */
export function PhoneField({
  value,
  region,
  onChange,
  onRegionChange,
  autoFocus = false,
  hint,
  ...rest
}: PhoneFieldProps) {
  const { t, i18n } = useTranslation("identity");
  const [choosing, setChoosing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const caret = useRef<number | null>(null);
  const international = value.startsWith("+");
  const name = new Intl.DisplayNames(i18n.language, { type: "region" }).of(region) ?? region;

  useLayoutEffect(() => {
    if (caret.current === null) return;
    input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [value]);

  const type = (field: HTMLInputElement) => {
    const next = formatTyped(field.value, region);
    const before = field.value.slice(0, field.selectionStart ?? field.value.length);
    caret.current = caretAfter(next, before.replaceAll(/[^\d+]/g, "").length);
    if (caret.current >= next.replace(/\D+$/, "").length) caret.current = next.length;
    onChange(next);
  };

  return (
    <>
      <TextField
        {...rest}
        {...(hint === undefined ? {} : { hint })}
        ref={input}
        type="tel"
        inputMode="tel"
        autoComplete="tel"
        autoFocus={autoFocus}
        maxLength={24}
        value={value}
        onChange={(event) => type(event.currentTarget)}
        leading={
          !international && (
            <button
              type="button"
              aria-haspopup="dialog"
              aria-label={t("number.country", { name, calling: callingCode(region) })}
              onClick={() => setChoosing(true)}
              className="figures -ml-2 flex min-h-11 items-center gap-1 rounded-lg px-2 font-medium text-text-2 hover:bg-hover"
            >
              {callingCode(region)}
              <ChevronDown size={16} aria-hidden="true" />
            </button>
          )
        }
      />
      <Sheet open={choosing} onOpenChange={setChoosing} title={t("country.title")}>
        <RegionList
          language={i18n.language}
          onChoose={(next) => {
            onRegionChange(next);
            onChange(formatTyped(value, next));
            setChoosing(false);
            input.current?.focus();
          }}
        />
      </Sheet>
    </>
  );
}

function RegionList({
  language,
  onChoose,
}: {
  language: string;
  onChoose: (region: Region) => void;
}) {
  const { t } = useTranslation("identity");
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLocaleLowerCase(language);
  const found = regionChoices(language).filter(
    ({ name, calling, region }) =>
      name.toLocaleLowerCase(language).includes(wanted) ||
      calling.includes(wanted) ||
      region.toLowerCase() === wanted,
  );
  return (
    <div className="flex h-[60dvh] flex-col gap-2">
      <TextField
        label={t("country.search")}
        labelHidden
        placeholder={t("country.search")}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ul className="-mx-2 min-h-0 flex-1 overflow-y-auto">
        {found.map(({ region, name, calling }) => (
          <li key={region}>
            <button
              type="button"
              onClick={() => onChoose(region)}
              className="flex min-h-12 w-full items-center justify-between gap-3 rounded-lg px-2 text-left -outline-offset-2 hover:bg-hover/60"
            >
              <span className="truncate">{name}</span>
              <span className="figures text-text-3">{calling}</span>
            </button>
          </li>
        ))}
        {found.length === 0 && (
          <li className="px-2 py-6 text-center text-small text-text-3">{t("country.none")}</li>
        )}
      </ul>
    </div>
  );
}
