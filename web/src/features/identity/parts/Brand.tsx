import { useTranslation } from "react-i18next";

/** The mark and the name. */
export function Brand() {
  const { t } = useTranslation();
  return (
    <div className="flex items-center gap-2.5">
      <img src="/icons/icon.svg" alt="" width={32} height={32} />
      <span className="text-heading font-bold tracking-tight">{t("app")}</span>
    </div>
  );
}
