/** The line as the browser gives it: its WebSocket, timers, network and page events. */
import { api } from "@/lib/api";
import { userEvents } from "@/lib/events";
import { RealtimeClient } from "./client";
import type { SocketLike } from "./connection";

function open(): SocketLike {
  const address = new URL("/api/v1/ws", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address) as SocketLike;
}

/** The one line of this page. */
export const realtime = new RealtimeClient(
  {
    open,
    now: () => performance.now(),
    later(ms, then) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    online: () => navigator.onLine,
  },
  userEvents,
  () => {
    // An answer 401 is noticed by lib/api.ts and ends the session; anything else proves nothing.
    void api("GET /api/v1/me").catch(() => undefined);
  },
);

/** Follow the page's network and visibility; the answer stops it. */
export function watchPage(): () => void {
  const nudge = (): void => realtime.nudge();
  const seen = (): void => {
    if (document.visibilityState === "visible") realtime.nudge();
  };
  window.addEventListener("online", nudge);
  window.addEventListener("offline", nudge);
  window.addEventListener("pageshow", seen);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("online", nudge);
    window.removeEventListener("offline", nudge);
    window.removeEventListener("pageshow", seen);
    document.removeEventListener("visibilitychange", seen);
  };
}
