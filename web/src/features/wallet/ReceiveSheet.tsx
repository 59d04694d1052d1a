import { Copy, Share2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { renderSVG } from "uqr";
import { Button, Sheet, toast } from "@/design";

/** My address as a QR code and as text. */
export function ReceiveSheet({ address, onClose }: { address: string; onClose: () => void }) {
  const { t } = useTranslation(["wallet", "common"]);
  const copy = async () => {
    await navigator.clipboard.writeText(address);
    toast(t("common:copied"));
  };
  const share = async () => {
    try {
      await navigator.share({ text: address });
    } catch {
      // The person closed the share sheet; there is nothing to say.
    }
  };
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(address, { border: 2, ecc: "M" }))}`;
  return (
    <Sheet open onOpenChange={onClose} title={t("receive.title")} description={t("receive.body")}>
      <div className="flex flex-col items-center gap-4 pt-2">
        <img
          src={picture}
          alt={t("receive.qr")}
          width={232}
          height={232}
          className="rounded-card border border-line"
        />
        <p className="font-mono text-small break-all" data-testid="address">
          {address}
        </p>
        <div className="flex w-full gap-2">
          <Button size="large" className="flex-1" icon={<Copy size={20} />} onClick={() => void copy()}>
            {t("receive.copy")}
          </Button>
          {"share" in navigator && (
            <Button size="large" className="flex-1" icon={<Share2 size={20} />} onClick={() => void share()}>
              {t("receive.share")}
            </Button>
          )}
        </div>
      </div>
    </Sheet>
  );
}
