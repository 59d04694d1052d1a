/**
 * Theme and language as chosen on this device; `public/before-paint.js` reads the same keys.
 * Storage may be closed to us (private windows): then a choice lasts as long as the page.
 */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Language = "ko" | "en";

const THEME_KEY = "talktalk.theme";
const LANGUAGE_KEY = "talktalk.language";

/** Read a small value kept on this device. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keep a small value on this device; null forgets it. Never for secrets. */
export function store(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // The choice stands until the page is closed.
  }
}

function initialTheme(): Theme {
  const value = stored(THEME_KEY);
  return value === "light" || value === "dark" ? value : "system";
}

/** The stored choice, else the browser's language, Korean where it is neither. */
export function initialLanguage(): Language {
  const value = stored(LANGUAGE_KEY);
  if (value === "ko" || value === "en") return value;
  return navigator.languages.some((tag) => /^ko\b/i.test(tag)) || !/^en\b/i.test(navigator.language)
    ? "ko"
    : "en";
}

const listeners = new Set<() => void>();
let theme: Theme = initialTheme();

/** Choose and keep a theme. */
export function setTheme(next: Theme): void {
  theme = next;
  store(THEME_KEY, next === "system" ? null : next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
}

/** Keep a language; `i18n.changeLanguage` (see i18n/index.ts) shows it. */
export function storeLanguage(language: Language): void {
  store(LANGUAGE_KEY, language);
  document.documentElement.lang = language;
}
