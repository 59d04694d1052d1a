/**
 * The address each person had when we last paid them, kept on this device. A server that swapped a
 * friend's address would be noticed before anything is approved.
 */
import { store, stored } from "@/lib/preferences";

const key = (me: string, userId: string) => `talktalk.payee.${me}.${userId}`;

/** Whether this person's address is another than the one this device has paid. */
export function payeeChanged(me: string, userId: string, address: string): boolean {
  const known = stored(key(me, userId));
  return known !== null && known !== address;
}

/** Remember the address that was paid. */
export function rememberPayee(me: string, userId: string, address: string): void {
  store(key(me, userId), address);
}
