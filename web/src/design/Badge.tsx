import { clsx } from "clsx";
import type { ReactNode } from "react";

const COUNT_MAX = 999;

/** A number that wants attention; nothing at zero. */
export function CountBadge({ count, muted = false }: { count: number; muted?: boolean }) {
  if (count <= 0) return null;
  return (
    <span
      className={clsx(
        "figures inline-flex h-5 min-w-5 items-center justify-center rounded-full px-1.5 text-caption font-bold",
        muted ? "bg-sunken text-text-2" : "bg-accent text-on-accent",
      )}
    >
      {count > COUNT_MAX ? `${COUNT_MAX}+` : count}
    </span>
  );
}

const TONES = {
  neutral: "bg-sunken text-text-2",
  accent: "bg-accent-soft text-accent-text",
  warning: "bg-warning-soft text-warning",
  danger: "bg-danger-soft text-danger",
};

/** A word that marks the thing beside it. */
export function Badge({
  tone = "neutral",
  children,
}: {
  tone?: keyof typeof TONES;
  children: ReactNode;
}) {
  return (
    <span
      className={clsx(
        "inline-flex h-6 items-center gap-1 rounded-full px-2 text-caption font-semibold whitespace-nowrap",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}
