import { BookOpen } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Page } from "../parts/Page";
import { SecretSheet } from "../parts/SecretSheet";
import { Tokens } from "../parts/Tokens";
import { Webhooks } from "../parts/Webhooks";

type Shown = { secret: string; title: string } | null;

/** What programs of mine may do, and what they are told. */
export function DevelopersScreen() {
  const { t } = useTranslation(["developers", "more"]);
  const [shown, setShown] = useState<Shown>(null);
  return (
    <Page title={t("more:developers.title")}>
      <p className="px-2 text-small text-text-2">{t("intro")}</p>
      <Tokens onSecret={(secret) => setShown({ secret, title: t("tokens.secret") })} />
      <Webhooks onSecret={(secret) => setShown({ secret, title: t("webhooks.secret") })} />
      <a
        href="/docs"
        target="_blank"
        rel="noopener noreferrer"
        className="inline-flex min-h-11 items-center gap-2 self-center px-2 text-body font-semibold text-accent-text"
      >
        <BookOpen size={20} aria-hidden="true" />
        {t("docs")}
      </a>
      <SecretSheet
        secret={shown?.secret ?? null}
        title={shown?.title ?? ""}
        onClose={() => setShown(null)}
      />
    </Page>
  );
}
