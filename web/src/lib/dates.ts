/** Times in words and figures, by `Intl`, in the app's language and the device's time zone. */
const cache = new Map<string, Intl.DateTimeFormat>();

function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  const made = cache.get(key) ?? new Intl.DateTimeFormat(language, options);
  cache.set(key, made);
  return made;
}

/**
 * Some browsers' language data (ICU 78.2) writes Korean half-days as AM and PM; people expect 오전
 * and 오후.
 */
function clockText(language: string, options: Intl.DateTimeFormatOptions, date: Date): string {
  const text = format(language, options).format(date);
  return language === "ko" ? text.replace(/\bAM\b/, "오전").replace(/\bPM\b/, "오후") : text;
}

/** Midnight of the day `date` lies in, here. */
export function dayOf(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** Whole days from the day of `then` to the day of `now`; 0 is today. */
export function daysBetween(then: Date, now: Date): number {
  return Math.round((dayOf(now).getTime() - dayOf(then).getTime()) / 86_400_000);
}

/** “오후 3:05”. */
export function timeOfDay(language: string, iso: string | Date): string {
  return clockText(language, { timeStyle: "short" }, new Date(iso));
}

/** “2026년 3월 4일 수요일”, for day dividers. */
export function longDay(language: string, iso: string | Date): string {
  return format(language, { dateStyle: "full" }).format(new Date(iso));
}

/** “2026. 3. 4.”, where the day is enough. */
export function shortDay(language: string, iso: string | Date): string {
  return format(language, { dateStyle: "medium" }).format(new Date(iso));
}

/** “2026. 3. 4. 오후 3:05”, where both matter. */
export function dateTime(language: string, iso: string | Date): string {
  return clockText(language, { dateStyle: "medium", timeStyle: "short" }, new Date(iso));
}

/** As a list shows it: the time today, the weekday within six days, else the date. */
export function listTime(language: string, iso: string | Date, now: Date): string {
  const then = new Date(iso);
  const days = daysBetween(then, now);
  if (days <= 0) return timeOfDay(language, then);
  if (days < 7) {
    return new Intl.RelativeTimeFormat(language, { numeric: "auto" })
      .format(-days, "day")
      .replace(/^\d.*$/, format(language, { weekday: "long" }).format(then));
  }
  const sameYear = then.getFullYear() === now.getFullYear();
  return format(
    language,
    sameYear ? { month: "short", day: "numeric" } : { year: "numeric", month: "numeric", day: "numeric" },
  ).format(then);
}

/** How long ago, coarsely: “방금”, “5분 전”, “3 days ago”. */
export function ago(language: string, iso: string | Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - new Date(iso).getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (seconds < 60) return relative.format(0, "second");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), "hour");
  return relative.format(-daysBetween(new Date(iso), now), "day");
}
