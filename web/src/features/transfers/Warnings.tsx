import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner, Button } from "@/design";
import type { TransferCheck } from "@/lib/wire";

/** Money that goes there is most likely lost. */
const GRAVE: ReadonlySet<string> = new Set(["looks_like_another", "exchange_without_tag"]);

interface WarningsProps {
  check: TransferCheck;
  /** This device has paid the person at another address before. */
  otherAddress: boolean;
  onAccept: () => void;
  onBack: () => void;
}

/** What the person should know before the payment is even built. */
export function Warnings({ check, otherAddress, onAccept, onBack }: WarningsProps) {
  const { t } = useTranslation("transfers");
  const icon = <TriangleAlert size={20} />;
  return (
    <div className="flex flex-col gap-3">
      {otherAddress && (
        <Banner tone="danger" icon={icon} role="alert">
          {t("warnings.other_address")}
        </Banner>
      )}
      {check.warnings.map(({ code, detail }) => (
        <Banner
          key={code}
          tone={GRAVE.has(code) ? "danger" : "warning"}
          icon={icon}
          {...(GRAVE.has(code) && { role: "alert" })}
        >
          {/* A code this version does not know yet is worded by the server. */}
          {t(`warnings.codes.${code}` as "warnings.codes.new_payee", { defaultValue: detail })}
          {code === "exchange_without_tag" && check.exchange !== null && ` (${check.exchange})`}
        </Banner>
      ))}
      <div className="mt-3 flex gap-2">
        <Button size="large" className="flex-1" onClick={onBack}>
          {t("warnings.back")}
        </Button>
        <Button size="large" tone="primary" className="flex-1" onClick={onAccept}>
          {t("warnings.accept")}
        </Button>
      </div>
    </div>
  );
}
