import { clsx } from "clsx";
import { Toast as Radix } from "radix-ui";
import { useSyncExternalStore } from "react";
import { type ToastEntry, toasts } from "./toasts";

/** The toasts of now. Loaded by ToastHost. */
export function Toaster({ label }: { label: string }) {
  const entries = useSyncExternalStore(toasts.subscribe, toasts.snapshot);
  return (
    <Radix.Provider label={label} swipeDirection="right">
      {entries.map((entry) => (
        <ToastView key={entry.id} entry={entry} />
      ))}
      {/* Above on a phone, where sheets and their buttons come from below. */}
      <Radix.Viewport className="fixed inset-x-0 top-[calc(env(safe-area-inset-top)+8px)] z-70 mx-auto flex w-full max-w-100 flex-col gap-2 px-4 outline-none split:top-auto split:bottom-6" />
    </Radix.Provider>
  );
}

function ToastView({ entry }: { entry: ToastEntry }) {
  return (
    <Radix.Root
      type={entry.tone === "danger" ? "foreground" : "background"}
      duration={entry.action === undefined ? 3500 : 7000}
      onOpenChange={(open) => {
        if (!open) toasts.remove(entry.id);
      }}
      className="flex min-h-12 items-center gap-3 rounded-field bg-text px-4 py-2 text-canvas shadow-overlay data-[state=open]:animate-rise"
    >
      <Radix.Description
        className={clsx("flex-1 text-small font-medium", entry.tone === "danger" && "font-semibold")}
      >
        {entry.text}
      </Radix.Description>
      {entry.action !== undefined && (
        <Radix.Action asChild altText={entry.action.label}>
          <button
            type="button"
            onClick={entry.action.run}
            className="min-h-11 rounded-lg px-2 text-small font-bold underline underline-offset-4"
          >
            {entry.action.label}
          </button>
        </Radix.Action>
      )}
    </Radix.Root>
  );
}
