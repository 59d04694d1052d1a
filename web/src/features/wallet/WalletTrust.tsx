import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button } from "@/design";
import { dateTime } from "@/lib/dates";
import type { Wallet } from "@/lib/wire";
import { useRecoveries } from "./queries";
import { RecoverSheet } from "./RecoverSheet";

/** Why this device cannot spend yet, and the way there. Nothing where it can. */
export function WalletTrust({ wallet }: { wallet: Wallet }) {
  const { t, i18n } = useTranslation("wallet");
  const { data: recoveries = [] } = useRecoveries();
  const [open, setOpen] = useState(false);
  // The sheet stays until it is closed, so that its last words are read even when trust has come meanwhile.
  const sheet = open && <RecoverSheet wallet={wallet} onClose={() => setOpen(false)} />;
  if (wallet.trust === "trusted") return sheet;
  if (wallet.trust === "waiting") {
    return (
      <>
        <Banner tone="warning" role="status">
          {t("trust.waiting", { when: dateTime(i18n.language, wallet.spend_after ?? new Date()) })}
        </Banner>
        {sheet}
      </>
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
      <Button size="large" tone="primary" wide onClick={() => setOpen(true)}>
        {t("trust.recover")}
      </Button>
      {sheet}
    </div>
  );
}
