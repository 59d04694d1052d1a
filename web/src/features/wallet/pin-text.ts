import type { TFunction } from "i18next";
import { isProblem } from "@/lib/problem";

/** A wrong PIN with the tries that are left, as the server counts them; null for other problems. */
export function pinProblem(t: TFunction<"wallet">, error: unknown): string | null {
  if (!isProblem(error, "pin_wrong")) return null;
  const tries = /\d+/.exec(error.detail);
  return tries === null ? t("pin.wrong") : t("pin.wrong_left", { count: Number(tries[0]) });
}
