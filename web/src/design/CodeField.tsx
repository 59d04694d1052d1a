import { clsx } from "clsx";
import { type Ref, useId, useState } from "react";

interface CodeFieldProps {
  label: string;
  length?: number;
  value: string;
  onChange: (digits: string) => void;
  /** Called once with all digits, as soon as the last is there. */
  onComplete: (digits: string) => void;
  error?: string | undefined;
  disabled?: boolean;
  /** Shows dots: a PIN. Also turns off one-time-code autofill. */
  secret?: boolean;
  autoFocus?: boolean;
  ref?: Ref<HTMLInputElement>;
}

/**
 * Digits in boxes: one real input lies over drawn cells, so that autofill, paste, selection and
 * screen readers meet an ordinary field.
 */
export function CodeField({
  label,
  length = 6,
  value,
  onChange,
  onComplete,
  error,
  disabled = false,
  secret = false,
  autoFocus = false,
  ref,
}: CodeFieldProps) {
  const id = useId();
  const [focused, setFocused] = useState(false);
  const cells = Array.from({ length }, (_, index) => value[index] ?? "");
  const take = (text: string) => {
    const digits = text.normalize("NFKC").replaceAll(/\D/g, "").slice(0, length);
    if (digits === value) return;
    onChange(digits);
    if (digits.length === length) onComplete(digits);
  };
  return (
    <div className="flex w-full flex-col gap-3">
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <div className={clsx("relative", error !== undefined && "animate-shake")}>
        <div aria-hidden="true" className="flex gap-2">
          {cells.map((digit, index) => {
            const current = focused && index === Math.min(value.length, length - 1);
            return (
              <span
                // The cells are positions; their index is what they are.
                key={index}
                className={clsx(
                  "figures flex h-15 min-w-0 flex-1 items-center justify-center rounded-field border-2 text-title font-semibold transition-colors duration-100",
                  error !== undefined
                    ? "border-danger bg-danger-soft"
                    : current
                      ? "border-accent bg-surface"
                      : "border-transparent bg-sunken",
                  disabled && "opacity-60",
                )}
              >
                {secret && digit !== "" ? <span className="size-3 rounded-full bg-text" /> : digit}
                {current && digit === "" && (
                  <span className="h-6 w-0.5 animate-shimmer rounded-full bg-accent" />
                )}
              </span>
            );
          })}
        </div>
        <input
          ref={ref}
          id={id}
          // Said first to the one thing to do on its screen, after the person chose to come here.
          autoFocus={autoFocus}
          type={secret ? "password" : "text"}
          inputMode="numeric"
          pattern="[0-9]*"
          autoComplete={secret ? "off" : "one-time-code"}
          value={value}
          // Not `disabled`, which would drop the focus: a wrong code is typed again at once.
          readOnly={disabled}
          aria-disabled={disabled || undefined}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={error === undefined ? undefined : `${id}-error`}
          onChange={(event) => take(event.currentTarget.value)}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          className="absolute inset-0 size-full cursor-text bg-transparent text-transparent caret-transparent outline-none selection:bg-transparent"
        />
      </div>
      {error !== undefined && (
        <p id={`${id}-error`} role="alert" className="text-small text-danger">
          {error}
        </p>
      )}
    </div>
  );
}
