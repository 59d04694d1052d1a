import { clsx } from "clsx";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, for those who cannot see the icon; also its tooltip. */
  label: string;
  tone?: "plain" | "primary" | "soft" | "danger";
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

const TONES = {
  plain: "text-text-2 enabled:hover:bg-hover enabled:hover:text-text",
  primary: "bg-accent text-on-accent enabled:hover:bg-accent-hover",
  soft: "bg-accent-soft text-accent-text enabled:hover:brightness-95",
  danger: "text-danger enabled:hover:bg-danger-soft",
};

/** A 44 px button that shows only an icon. */
export function IconButton({
  label,
  tone = "plain",
  className,
  children,
  type = "button",
  ...rest
}: IconButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      aria-label={label}
      title={label}
      className={clsx(
        "inline-flex size-11 shrink-0 items-center justify-center rounded-full transition-[background-color,transform] duration-100",
        "enabled:active:scale-95 disabled:cursor-not-allowed disabled:opacity-40",
        TONES[tone],
        className,
      )}
    >
      {children}
    </button>
  );
}
