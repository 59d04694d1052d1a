/** Rooms and messages. */

/** Unread messages in all rooms that are not muted, for the tab bar. */
export function useUnreadTotal(): number {
  return 0;
}
