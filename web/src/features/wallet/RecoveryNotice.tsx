import { ShieldAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, CodeField, Sheet, Spinner } from "@/design";
import { useMe } from "@/features/identity";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Recovery } from "@/lib/wire";
import { pinProblem } from "./pin-text";
import { useConsent, useRecoveries, useVeto, useWallet } from "./queries";

/** On a trusted device: another device wants, or is getting, this wallet. Consent or stop it. */
export function RecoveryNotice() {
  const { data: wallet } = useWallet();
  const { data: recoveries = [] } = useRecoveries();
  const [chosen, setChosen] = useState<Recovery | null>(null);
  const { t } = useTranslation("wallet");
  if (wallet?.trust !== "trusted") return null;
  const open = recoveries.filter(({ state }) => state === "asked" || state === "waiting");
  return (
    <>
      {open.map((recovery) => (
        <Banner
          key={recovery.id}
          tone="danger"
          role="alert"
          icon={<ShieldAlert size={22} />}
          action={
            <Button size="small" onClick={() => setChosen(recovery)}>
              {t("notice.look")}
            </Button>
          }
        >
          {t(`notice.${recovery.state === "asked" ? "asked" : "waiting"}`, {
            device: recovery.device_name || t("notice.unknown_device"),
          })}
        </Banner>
      ))}
      {chosen !== null && <NoticeSheet recovery={chosen} onClose={() => setChosen(null)} />}
    </>
  );
}

function NoticeSheet({ recovery, onClose }: { recovery: Recovery; onClose: () => void }) {
  const { t, i18n } = useTranslation("wallet");
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const consent = useConsent(me);
  const veto = useVeto();
  const [pin, setPin] = useState("");
  const [agreeing, setAgreeing] = useState(false);
  const error = consent.error ?? veto.error;
  const device = recovery.device_name || t("notice.unknown_device");
  return (
    <Sheet open onOpenChange={onClose} title={t("notice.title")}>
      <div className="flex flex-col gap-4">
        <p className="text-body text-text-2">
          {t("notice.body", { device, when: dateTime(i18n.language, recovery.created_at) })}
        </p>
        {agreeing ? (
          <>
            <CodeField
              label={t("pin.label.old")}
              secret
              autoFocus
              value={pin}
              onChange={setPin}
              disabled={consent.isPending}
              onComplete={(digits) => {
                setPin("");
                consent.mutate({ recovery, pin: digits }, { onSuccess: onClose });
              }}
            />
            {consent.isPending && <Spinner words={t("pin.saving")} />}
          </>
        ) : (
          recovery.state === "asked" && (
            <Button size="large" tone="primary" wide onClick={() => setAgreeing(true)}>
              {t("notice.consent")}
            </Button>
          )
        )}
        {error !== null && (
          <Banner tone="danger" role="alert">
            {pinProblem(t, error) ?? problemText(problems, error)}
          </Banner>
        )}
        <Button
          size="large"
          tone="danger"
          wide
          busy={veto.isPending}
          onClick={() => veto.mutate(recovery, { onSuccess: onClose })}
        >
          {t("notice.veto")}
        </Button>
      </div>
    </Sheet>
  );
}
