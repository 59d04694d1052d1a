/** A route's screen: its code and its texts, loaded together when first needed. */
import { lazyRouteComponent } from "@tanstack/react-router";
import type { FlatNamespace } from "i18next";
import { i18n } from "@/i18n";

/**
 * @param load - `() => import("@/features/…/screens/…")`
 * @param name - The component the module exports.
 * @param namespaces - The texts it and its parts use, besides `common` and `problems`.
 */
export function screen<Module extends Record<string, unknown>>(
  load: () => Promise<Module>,
  name: keyof Module & string,
  namespaces: FlatNamespace[],
) {
  return lazyRouteComponent(async () => {
    const [module] = await Promise.all([load(), i18n.loadNamespaces(namespaces)]);
    return module as Module & Record<string, never>;
  }, name);
}
