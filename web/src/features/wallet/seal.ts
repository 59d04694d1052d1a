/** The door to `hpke.ts`, whose code is loaded only when the first secret is typed. */
import type { WorkerKey } from "@/lib/wire";
import type { Purpose } from "./hpke";

/** `secret` sealed to the worker for one purpose and context; see `hpke.ts`. */
export async function seal(
  key: WorkerKey,
  purpose: Purpose,
  context: Uint8Array,
  secret: string,
): Promise<string> {
  const hpke = await import("./hpke");
  return hpke.seal(key, purpose, context, secret);
}
