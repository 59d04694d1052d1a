import { clsx } from "clsx";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

/** Rows under an optional heading. */
export function List({
  heading,
  action,
  children,
  label,
}: {
  heading?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  label?: string;
}) {
  return (
    <section aria-label={label}>
      {heading !== undefined && (
        <div className="flex min-h-9 items-center justify-between gap-2 px-5 pt-2">
          <h2 className="text-small font-semibold text-text-3">{heading}</h2>
          {action}
        </div>
      )}
      <ul className="py-1">{children}</ul>
    </section>
  );
}

interface ListRowProps {
  leading?: ReactNode;
  title: ReactNode;
  subtitle?: ReactNode;
  /** On the right: a time, a badge, a switch, a button. */
  trailing?: ReactNode;
  /** Makes the row one button. */
  onPress?: () => void;
  /** Shows that pressing leads to another screen. */
  leads?: boolean;
  selected?: boolean;
  danger?: boolean;
}

/** The look of a row, for rows that are links (`<Link className={rowClass()}>`). */
export function rowClass({ selected = false }: { selected?: boolean } = {}): string {
  return clsx(
    "flex min-h-18 w-full items-center gap-3 px-5 py-3 text-left transition-colors duration-100",
    "-outline-offset-2 focus-visible:-outline-offset-2",
    selected ? "bg-hover" : "hover:bg-hover/60",
  );
}

/** What stands in a row. */
export function RowContent({
  leading,
  title,
  subtitle,
  trailing,
  leads = false,
  danger = false,
}: Omit<ListRowProps, "onPress" | "selected">) {
  return (
    <>
      {leading}
      <span className="flex min-w-0 flex-1 flex-col">
        <span
          className={clsx("truncate text-body font-medium", danger ? "text-danger" : "text-text")}
        >
          {title}
        </span>
        {subtitle !== undefined && (
          <span className="truncate text-small text-text-3">{subtitle}</span>
        )}
      </span>
      {trailing}
      {leads && <ChevronRight size={20} aria-hidden="true" className="shrink-0 text-text-3" />}
    </>
  );
}

/** One thing in a list. */
export function ListRow({ onPress, selected = false, ...content }: ListRowProps) {
  return (
    <li>
      {onPress === undefined ? (
        <div className="flex min-h-18 w-full items-center gap-3 px-5 py-3">
          <RowContent {...content} />
        </div>
      ) : (
        <button type="button" onClick={onPress} className={rowClass({ selected })}>
          <RowContent {...content} />
        </button>
      )}
    </li>
  );
}
