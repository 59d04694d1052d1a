import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState, Sheet, Spinner } from "@/design";
import { assetCode } from "@/lib/amount";
import type { TrustAction } from "@/lib/wire";
import { ChangeSteps } from "./ChangeSteps";
import { useTerms } from "./queries";
import { TokenFacts } from "./TokenFacts";

/** One token: what it is, what its issuer may do, what stands in its way, and what can be done about it. */
export function TokenSheet({ asset, onClose }: { asset: string; onClose: () => void }) {
  const { t } = useTranslation("assets");
  const terms = useTerms(asset);
  const [action, setAction] = useState<TrustAction | null>(null);
  const [busy, setBusy] = useState(false);
  const code = assetCode(asset);
  return (
    <Sheet
      open
      onOpenChange={(open) => {
        if (!open && !busy) onClose();
      }}
      dismissible={!busy}
      title={action === null ? code : t(`action.${action}`, { code })}
    >
      {terms.data === undefined ? (
        terms.isError ? (
          <ErrorState error={terms.error} onRetry={() => void terms.refetch()} />
        ) : (
          <Spinner className="min-h-40" />
        )
      ) : action === null ? (
        <TokenFacts terms={terms.data} onAction={setAction} onClose={onClose} />
      ) : (
        <ChangeSteps
          terms={terms.data}
          action={action}
          onBusy={setBusy}
          onBack={() => setAction(null)}
          onClose={onClose}
        />
      )}
    </Sheet>
  );
}
