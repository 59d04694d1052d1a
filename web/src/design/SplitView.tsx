import { clsx } from "clsx";
import type { ReactNode } from "react";

interface SplitViewProps {
  /** The place's list: all of a phone, the left column from 900 px. */
  list: ReactNode;
  /** The chosen thing; on a phone it takes the list's place. */
  children: ReactNode;
  /** Whether something is chosen. */
  showsDetail: boolean;
}

/** A list beside what is chosen in it. */
export function SplitView({ list, children, showsDetail }: SplitViewProps) {
  return (
    <div className="flex h-full min-w-0">
      <div
        className={clsx(
          "h-full min-w-0 flex-1 flex-col bg-surface split:flex split:w-90 split:flex-none split:border-r split:border-line",
          showsDetail ? "hidden" : "flex",
        )}
      >
        {list}
      </div>
      <div
        className={clsx(
          "h-full min-w-0 flex-1 flex-col bg-canvas split:flex",
          showsDetail ? "flex" : "hidden",
        )}
      >
        {children}
      </div>
    </div>
  );
}

/**
 * The third column, from 1280 px: details of the room or the wallet. Narrower screens show the same
 * content in a Sheet, which the caller opens.
 */
export function AsidePane({ label, children }: { label: string; children: ReactNode }) {
  return (
    <aside
      aria-label={label}
      className="hidden h-full w-84 shrink-0 flex-col overflow-y-auto border-l border-line bg-surface wide:flex"
    >
      {children}
    </aside>
  );
}
