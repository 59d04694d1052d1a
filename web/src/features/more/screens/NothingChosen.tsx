import { Settings2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/design";

export function NothingChosen() {
  const { t } = useTranslation("more");
  return <EmptyState icon={<Settings2 size={28} />} title={t("choose.title")} body={t("choose.body")} />;
}
