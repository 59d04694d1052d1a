import { ReceiptText } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/design";

/** Beside the list, before anything is chosen in it. */
export function NoActivityChosen() {
  const { t } = useTranslation("wallet");
  return <EmptyState icon={<ReceiptText size={28} />} title={t("activity.choose")} />;
}
