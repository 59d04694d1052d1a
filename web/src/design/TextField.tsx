import { clsx } from "clsx";
import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from "react";

interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  /** Read by assistive technology only. */
  labelHidden?: boolean;
  hint?: ReactNode;
  /** Says what is wrong and what to do; marks the field. */
  error?: ReactNode;
  leading?: ReactNode;
  trailing?: ReactNode;
  ref?: Ref<HTMLInputElement>;
}

/** One line of text with its label, hint and error. */
export function TextField({
  label,
  labelHidden = false,
  hint,
  error,
  leading,
  trailing,
  className,
  ...rest
}: TextFieldProps) {
  const id = useId();
  const failed = error !== undefined && error !== null && error !== false;
  const note = failed ? error : hint;
  return (
    <div className={clsx("flex w-full flex-col gap-2", className)}>
      <label
        htmlFor={id}
        className={labelHidden ? "sr-only" : "text-small font-medium text-text-2"}
      >
        {label}
      </label>
      <div
        className={clsx(
          "flex min-h-13 items-center gap-2 rounded-field border bg-sunken px-4 transition-colors duration-100",
          "focus-within:border-accent focus-within:bg-surface focus-within:ring-1 focus-within:ring-accent",
          failed ? "border-danger" : "border-transparent",
        )}
      >
        {leading}
        <input
          {...rest}
          id={id}
          aria-invalid={failed || undefined}
          aria-describedby={note === undefined ? undefined : `${id}-note`}
          className="min-w-0 flex-1 bg-transparent py-3 text-body text-text outline-none placeholder:text-text-3 disabled:opacity-60"
        />
        {trailing}
      </div>
      {note !== undefined && (
        <p
          id={`${id}-note`}
          role={failed ? "alert" : undefined}
          className={clsx("text-small", failed ? "text-danger" : "text-text-3")}
        >
          {note}
        </p>
      )}
    </div>
  );
}
