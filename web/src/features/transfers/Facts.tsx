import { clsx } from "clsx";
import type { ReactNode } from "react";

/** A list of names and values: what a transaction says, what a transfer became. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="flex flex-col divide-y divide-line">{children}</dl>;
}

interface FactProps {
  name: string;
  children: ReactNode;
  /** An address or a hash: all of it, in figures that can be compared. */
  mono?: boolean;
  strong?: boolean;
}

/** One name and its value. */
export function Fact({ name, children, mono = false, strong = false }: FactProps) {
  return (
    <div className="flex items-baseline justify-between gap-4 py-3">
      <dt className="shrink-0 text-small text-text-3">{name}</dt>
      <dd
        className={clsx(
          "figures min-w-0 text-right",
          mono ? "font-mono text-caption break-all" : "text-body",
          strong && "font-bold",
        )}
      >
        {children}
      </dd>
    </div>
  );
}
