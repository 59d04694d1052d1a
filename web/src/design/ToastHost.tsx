import { lazy, Suspense, useSyncExternalStore } from "react";
import { toasts } from "./toasts";

const Toaster = lazy(async () => ({ default: (await import("./Toast")).Toaster }));

/** Where toasts appear; stands once, beside the screens. Its code comes with the first toast. */
export function ToastHost({ label }: { label: string }) {
  const used = useSyncExternalStore(toasts.subscribe, toasts.used);
  return used ? (
    <Suspense>
      <Toaster label={label} />
    </Suspense>
  ) : null;
}
