import { useTranslation } from "react-i18next";
import { Button, Spinner } from "@/design";
import { useTransfer } from "./queries";
import { TransferDetail } from "./TransferDetail";

/** What became of it, live, until the person closes it. */
export function Sent({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("transfers");
  const { data: transfer } = useTransfer(id);
  return (
    <div className="flex flex-col gap-4">
      {transfer === undefined ? <Spinner className="min-h-40" /> : <TransferDetail transfer={transfer} />}
      <Button size="large" tone="primary" wide onClick={onClose}>
        {t("sent.close")}
      </Button>
    </div>
  );
}
