import { useTranslation } from "react-i18next";

/** The mark, the name, and what it is for. */
export function Brand() {
  const { t } = useTranslation();
  const { t: identity } = useTranslation("identity");
  return (
    <div className="flex items-center gap-3">
      <img src="/icons/icon.svg" alt="" width={44} height={44} />
      <div>
        <p className="text-heading font-bold tracking-tight">{t("app")}</p>
        <p className="text-caption text-text-3">{identity("tagline")}</p>
      </div>
    </div>
  );
}
