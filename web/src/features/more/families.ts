/** Event types by their first word: `transfer.settled` belongs to `transfer`. */
import type { WebhookEventType } from "@/lib/wire";

/** Every family once, in the order of the catalogue. */
export function familiesOf(types: readonly WebhookEventType[]): string[] {
  return [...new Set(types.map(({ name }) => name.split(".")[0] ?? name))];
}
