import type { ReactNode } from "react";

interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  body?: string;
  action?: ReactNode;
}

/** Nothing here yet: what would stand here, and the next step. */
export function EmptyState({ icon, title, body, action }: EmptyStateProps) {
  return (
    <div className="flex h-full min-h-60 flex-col items-center justify-center gap-2 px-8 py-12 text-center">
      {icon !== undefined && (
        <div
          aria-hidden="true"
          className="mb-3 flex size-16 items-center justify-center rounded-[36%] bg-accent-soft text-accent-text"
        >
          {icon}
        </div>
      )}
      <h2 className="text-heading font-semibold">{title}</h2>
      {body !== undefined && <p className="max-w-80 text-small text-balance text-text-3">{body}</p>}
      {action !== undefined && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}
