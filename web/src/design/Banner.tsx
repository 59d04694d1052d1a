import { clsx } from "clsx";
import type { ReactNode } from "react";

const TONES = {
  neutral: "bg-sunken text-text-2",
  accent: "bg-accent-soft text-accent-text",
  warning: "bg-warning-soft text-warning",
  danger: "bg-danger-soft text-danger",
};

interface BannerProps {
  tone?: keyof typeof TONES;
  icon?: ReactNode;
  children: ReactNode;
  action?: ReactNode;
  /** Spoken when it appears: `status` when convenient, `alert` at once. */
  role?: "status" | "alert";
}

/** A sentence the person should know on this screen. */
export function Banner({ tone = "neutral", icon, children, action, role }: BannerProps) {
  return (
    <div
      role={role}
      className={clsx(
        "flex items-center gap-3 rounded-field px-4 py-3 text-small font-medium",
        TONES[tone],
      )}
    >
      {icon !== undefined && (
        <span aria-hidden="true" className="shrink-0">
          {icon}
        </span>
      )}
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}
