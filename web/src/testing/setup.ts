/** Every unit test starts with Korean texts loaded and ends with an empty document. */
import { cleanup } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { afterEach } from "vitest";

const files = import.meta.glob<Record<string, unknown>>("../i18n/{ko,en}/*.json", {
  eager: true,
  import: "default",
});
const resources: Record<string, Record<string, Record<string, unknown>>> = { ko: {}, en: {} };
for (const [path, texts] of Object.entries(files)) {
  const [, language = "", namespace = ""] = /(ko|en)\/(\w+)\.json$/.exec(path) ?? [];
  (resources[language] ??= {})[namespace] = texts;
}

await i18next.use(initReactI18next).init({
  lng: "ko",
  fallbackLng: false,
  defaultNS: "common",
  interpolation: { escapeValue: false },
  resources,
});

afterEach(() => {
  cleanup();
  localStorage.clear();
});
