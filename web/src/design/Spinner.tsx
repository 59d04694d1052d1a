import { clsx } from "clsx";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

const WORDS_AFTER_MS = 1000;

interface SpinnerProps {
  size?: number;
  /** Inside a button, whose own words say what happens. */
  quiet?: boolean;
  /** What is being waited for; shown after a second. */
  words?: string;
  className?: string;
}

/** Waiting; never without words for more than a second. */
export function Spinner({ size = 28, quiet = false, words, className }: SpinnerProps) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (quiet) return;
    const timer = setTimeout(() => setLate(true), WORDS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [quiet]);
  const wheel = (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      className="animate-turn"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.5"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <circle cx="12" cy="12" r="9.5" opacity="0.2" />
      <path d="M21.5 12A9.5 9.5 0 0 0 12 2.5" />
    </svg>
  );
  if (quiet) return wheel;
  return (
    <div
      role="status"
      className={clsx("flex flex-col items-center justify-center gap-3 text-text-3", className)}
    >
      {wheel}
      <span className={clsx("text-small", !late && "sr-only")}>{words ?? t("loading")}</span>
    </div>
  );
}
