/**
 * The message catalogue: one JSON file per feature (namespace) and language. A screen's namespaces
 * are loaded together with its code (app/screen.ts), so no text ever flashes as a key.
 */
import i18next, { type i18n as I18n } from "i18next";
import { initReactI18next } from "react-i18next";
import { initialLanguage, type Language, storeLanguage } from "@/lib/preferences";

const files = import.meta.glob<{ default: Record<string, unknown> }>("./{ko,en}/*.json");

/** What every screen may use without asking. */
const ALWAYS = ["common", "problems"];

export const i18n: I18n = i18next;

/** Load the first language; resolves when the shell can be drawn. */
export async function startI18n(): Promise<void> {
  const language = initialLanguage();
  document.documentElement.lang = language;
  await i18next
    .use({
      type: "backend" as const,
      read(lang: string, namespace: string, done: (error: unknown, data?: unknown) => void) {
        const load = files[`./${lang}/${namespace}.json`];
        if (load === undefined) {
          done(new Error(`no texts ${lang}/${namespace}`));
          return;
        }
        load().then((module) => done(null, module.default), done);
      },
    })
    .use(initReactI18next)
    .init({
      lng: language,
      fallbackLng: false,
      ns: ALWAYS,
      defaultNS: "common",
      interpolation: { escapeValue: false },
      returnNull: false,
    });
}

/** Show and keep a language. */
export async function changeLanguage(language: Language): Promise<void> {
  storeLanguage(language);
  await i18next.changeLanguage(language);
}
