import { useTranslation } from "react-i18next";
import { useSaveProfile } from "@/features/identity";
import { changeLanguage } from "@/i18n";
import { setTheme, useTheme } from "@/lib/preferences";
import { Choices } from "../parts/Choices";
import { Group, Page } from "../parts/Page";

/** Each language in its own words, whatever is shown now. */
const LANGUAGES = [
  { value: "ko", text: "한국어", lang: "ko" },
  { value: "en", text: "English", lang: "en" },
] as const;
const THEMES = ["system", "light", "dark"] as const;

/** Theme and language, kept on this device; the server is told the language for its messages. */
export function AppearanceScreen() {
  const { t, i18n } = useTranslation("more");
  const theme = useTheme();
  const save = useSaveProfile();
  return (
    <Page title={t("appearance.title")}>
      <Group heading={t("appearance.theme")}>
        <Choices
          label={t("appearance.theme")}
          value={theme}
          choices={THEMES.map((value) => ({ value, text: t(`appearance.${value}`) }))}
          onChange={setTheme}
        />
      </Group>
      <Group heading={t("appearance.language")}>
        <Choices
          label={t("appearance.language")}
          value={i18n.language === "en" ? "en" : "ko"}
          choices={LANGUAGES}
          onChange={(language) => {
            void changeLanguage(language);
            // Best effort: the screens follow this device's own choice.
            save.mutate({ locale: language });
          }}
        />
      </Group>
    </Page>
  );
}
