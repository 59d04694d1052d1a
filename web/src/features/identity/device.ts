/**
 * What the server remembers this browser by. The token gives sign-in codes a quota that strangers
 * cannot spend; it opens no session and signs nothing.
 */
import { store, stored } from "@/lib/preferences";

const KEY = "talktalk.device";
const NAME_LENGTH_MAX = 60;

export function deviceToken(): string | null {
  return stored(KEY);
}

export function keepDeviceToken(token: string): void {
  store(KEY, token);
}

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Macintosh/, "Mac"],
  [/Windows/, "Windows"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Whale\//, "Whale"],
  [/Edg\//, "Edge"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];

/** A name people recognise in their list of devices: “Chrome · Mac”. */
export function deviceName(userAgent: string): string {
  const named = (table: readonly (readonly [RegExp, string])[]) =>
    table.find(([pattern]) => pattern.test(userAgent))?.[1];
  return [named(BROWSERS), named(SYSTEMS)]
    .filter((part) => part !== undefined)
    .join(" · ")
    .slice(0, NAME_LENGTH_MAX);
}
