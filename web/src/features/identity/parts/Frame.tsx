import type { ReactNode } from "react";
import { Brand } from "./Brand";

/** The calm page of signing in and first run: a phone's whole screen, a card on a desktop. */
export function Frame({ children }: { children: ReactNode }) {
  return (
    <main className="flex min-h-dvh flex-col bg-surface pt-safe pb-safe sm:items-center sm:justify-center sm:bg-canvas sm:p-6">
      <div className="flex w-full flex-1 flex-col px-6 pt-6 pb-8 sm:min-h-136 sm:max-w-105 sm:flex-none sm:rounded-sheet sm:border sm:border-line sm:bg-surface sm:p-10">
        <Brand />
        {children}
      </div>
    </main>
  );
}

/** The question a page asks, and what helps to answer it. */
export function Question({ title, body }: { title: string; body: ReactNode }) {
  return (
    <div className="mt-10 mb-6 flex flex-col gap-2">
      <h1 className="text-title font-bold text-balance">{title}</h1>
      <p className="text-body text-text-2">{body}</p>
    </div>
  );
}
