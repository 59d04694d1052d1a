import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { PageHeader } from "@/design";

interface PageProps {
  title: string;
  children: ReactNode;
  /** The screen this one belongs to, where that is not More itself; the way back is always there then. */
  back?: "/more/developers";
}

/** A screen of More: its title, the way back on a phone, and a readable column. */
export function Page({ title, children, back }: PageProps) {
  const navigate = useNavigate();
  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title={title}
        onBack={() => void navigate({ to: back ?? "/more" })}
        backOnPhoneOnly={back === undefined}
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex w-full max-w-160 flex-col gap-4 p-4 pb-10 split:p-6">
          {children}
        </div>
      </div>
    </div>
  );
}

/** Things that belong together. */
export function Group({ heading, children }: { heading?: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2">
      {heading !== undefined && (
        <h2 className="px-2 pt-2 text-small font-semibold text-text-3">{heading}</h2>
      )}
      <div className="overflow-hidden rounded-card border border-line bg-surface">{children}</div>
    </section>
  );
}
