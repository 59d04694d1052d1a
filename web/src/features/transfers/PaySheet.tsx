import { useTranslation } from "react-i18next";
import { Sheet } from "@/design";
import { closePay, type PayTarget } from "./pay";

/** Who, how much, review, approve. */
export function PaySheet({ target }: { target: PayTarget }) {
  const { t } = useTranslation("transfers");
  return (
    <Sheet
      open
      onOpenChange={(open) => {
        if (!open) closePay();
      }}
      title={t("title")}
    >
      {target.person?.name}
    </Sheet>
  );
}
