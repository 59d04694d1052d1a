import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button } from "@/design";
import { dateTime } from "@/lib/dates";
import type { Wallet } from "@/lib/wire";
import { useRecoveries } from "./queries";
import { RecoverSheet } from "./RecoverSheet";

/** Why this device cannot spend yet, and the way there. Nothing where it can. */
export function WalletTrust({ wallet }: { wallet: Wallet }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Standing wallet={wallet} onRecover={() => setOpen(true)} />
      {/* Always in this place: its last words are read even when trust has come meanwhile. */}
      {open && <RecoverSheet wallet={wallet} onClose={() => setOpen(false)} />}
    </>
  );
}

function Standing({ wallet, onRecover }: { wallet: Wallet; onRecover: () => void }) {
  const { t, i18n } = useTranslation("wallet");
  const { data: recoveries = [] } = useRecoveries();
  if (wallet.trust === "trusted") return null;
  if (wallet.trust === "waiting") {
    return (
      <Banner tone="warning" role="status">
        {t("trust.waiting", { when: dateTime(i18n.language, wallet.spend_after ?? new Date()) })}
      </Banner>
    );
  }
  const asked = recoveries.some(({ state }) => state === "asked");
  return (
    <div className="flex flex-col gap-4">
      <div>
        <h2 className="text-heading font-semibold">{t("trust.title")}</h2>
        <p className="mt-1 text-body text-text-2">{t("trust.body")}</p>
      </div>
      {asked && (
        <Banner tone="accent" role="status">
          {t("trust.asked")}
        </Banner>
      )}
      <Button size="large" tone="primary" wide onClick={onRecover}>
        {t("trust.recover")}
      </Button>
    </div>
  );
}
