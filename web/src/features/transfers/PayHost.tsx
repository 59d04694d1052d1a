import { lazy, Suspense, useSyncExternalStore } from "react";
import { i18n } from "@/i18n";
import { payStore } from "./pay";

const PaySheet = lazy(async () => {
  const [module] = await Promise.all([
    import("./PaySheet"),
    i18n.loadNamespaces(["transfers", "wallet"]),
  ]);
  return { default: module.PaySheet };
});

/** Where the pay sheet appears; stands once, in the shell. Its code is loaded when first opened. */
export function PayHost() {
  const target = useSyncExternalStore(payStore.subscribe, payStore.snapshot);
  if (target === null) return null;
  return (
    <Suspense>
      <PaySheet target={target} />
    </Suspense>
  );
}
