import { Copy } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, Sheet, toast } from "@/design";

interface SecretSheetProps {
  /** Null: closed. It lives in the screen's state alone, and is gone when this closes. */
  secret: string | null;
  title: string;
  onClose: () => void;
}

/** A secret that is shown once. It closes only by saying that it was kept. */
export function SecretSheet({ secret, title, onClose }: SecretSheetProps) {
  const { t } = useTranslation(["developers", "common"]);
  const copy = async () => {
    await navigator.clipboard.writeText(secret ?? "");
    toast(t("common:copied"));
  };
  return (
    <Sheet
      open={secret !== null}
      onOpenChange={onClose}
      title={title}
      description={t("secret.once")}
      dismissible={false}
      footer={
        <>
          <Button size="large" wide icon={<Copy size={20} />} onClick={() => void copy()}>
            {t("secret.copy")}
          </Button>
          <Button size="large" tone="primary" wide onClick={onClose}>
            {t("secret.done")}
          </Button>
        </>
      }
    >
      <p
        className="rounded-field bg-sunken p-4 font-mono text-small break-all select-all"
        data-testid="secret"
      >
        {secret}
      </p>
    </Sheet>
  );
}
