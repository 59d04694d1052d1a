import { clsx } from "clsx";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Spinner } from "./Spinner";

export type ButtonTone = "primary" | "neutral" | "quiet" | "danger" | "danger-quiet";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: ButtonTone;
  /** `large` is for the one action a screen is about; `small` still answers a 44 px touch. */
  size?: "large" | "medium" | "small";
  /** Fills its container. */
  wide?: boolean;
  /** Waiting for an answer: keeps its width, takes no further press. */
  busy?: boolean;
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

const TONES: Record<ButtonTone, string> = {
  primary: "bg-accent text-on-accent enabled:hover:bg-accent-hover",
  neutral: "bg-sunken text-text enabled:hover:bg-hover",
  quiet: "bg-transparent text-accent-text enabled:hover:bg-accent-soft",
  danger: "bg-danger-fill text-on-danger enabled:hover:brightness-110",
  "danger-quiet": "bg-transparent text-danger enabled:hover:bg-danger-soft",
};

const SIZES = {
  large: "min-h-14 rounded-card px-6 text-body",
  medium: "min-h-11 rounded-field px-4 text-body",
  small:
    "relative min-h-9 rounded-field px-3 text-small after:absolute after:inset-x-0 after:-inset-y-1",
};

/** A press that does something. `type` is `button` unless said otherwise. */
export function Button({
  tone = "neutral",
  size = "medium",
  wide = false,
  busy = false,
  icon,
  children,
  className,
  disabled,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={clsx(
        "inline-flex shrink-0 items-center justify-center gap-2 font-semibold whitespace-nowrap select-none",
        "transition-[background-color,transform,filter] duration-100 enabled:active:scale-[0.98]",
        busy ? "cursor-progress" : "disabled:cursor-not-allowed disabled:opacity-45",
        TONES[tone],
        SIZES[size],
        wide && "w-full",
        className,
      )}
    >
      {busy ? <Spinner size={20} quiet /> : icon}
      {children}
    </button>
  );
}
