import { lazy, Suspense, useSyncExternalStore } from "react";
import { i18n } from "@/i18n";
import { askStore } from "./ask";

const AskSheet = lazy(async () => {
  const [module] = await Promise.all([
    import("./AskSheet"),
    i18n.loadNamespaces(["requests", "transfers"]),
  ]);
  return { default: module.AskSheet };
});

/** Where the ask sheet appears; stands once, in the shell. Its code is loaded when first opened. */
export function AskHost() {
  const target = useSyncExternalStore(askStore.subscribe, askStore.snapshot);
  if (target === null) return null;
  return (
    <Suspense>
      <AskSheet target={target} />
    </Suspense>
  );
}
