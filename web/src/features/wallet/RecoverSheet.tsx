import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, CodeField, Sheet, TextField } from "@/design";
import { useMe } from "@/features/identity";
import { api } from "@/lib/api";
import { dateTime } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Recovery, Wallet } from "@/lib/wire";
import { useStartRecovery } from "./queries";
import { readRecoveryCode } from "./recovery-code";

type Way = "choose" | "code" | "pin" | "consent";

/** Bring the wallet to this device: by the recovery code, or by another device's consent. */
export function RecoverSheet({ wallet, onClose }: { wallet: Wallet; onClose: () => void }) {
  const { t } = useTranslation("wallet");
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const { data: sessions } = useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => api("GET /api/v1/auth/sessions", { signal }),
  });
  const device = sessions?.find(({ current }) => current)?.device_id ?? null;
  const recover = useStartRecovery(me, device);
  const [way, setWay] = useState<Way>("choose");
  const [typed, setTyped] = useState("");
  const [pin, setPin] = useState("");
  const code = readRecoveryCode(typed);
  const result = recover.data;
  const failed = recover.error === null ? null : (
    <Banner tone="danger" role="alert">
      {problemText(problems, recover.error)}
    </Banner>
  );
  return (
    <Sheet open onOpenChange={onClose} title={t("recover.title")} dismissible={!recover.isPending}>
      {result !== undefined && result.state !== "refused" ? (
        <Started recovery={result} onClose={onClose} />
      ) : way === "choose" ? (
        <div className="flex flex-col gap-3">
          <p className="text-body text-text-2">{t("recover.body")}</p>
          {wallet.has_recovery_code && (
            <Button size="large" tone="primary" wide onClick={() => setWay("code")}>
              {t("recover.by_code")}
            </Button>
          )}
          <Button
            size="large"
            wide
            busy={recover.isPending}
            onClick={() => recover.mutate("consent")}
          >
            {t("recover.by_consent")}
          </Button>
          {failed}
        </div>
      ) : way === "code" ? (
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (code !== null) setWay("pin");
          }}
        >
          <TextField
            label={t("recover.code")}
            hint={t("recover.code_hint")}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            autoFocus
            error={result?.state === "refused" ? t(`recover.refused.${reasonOf(result)}`) : undefined}
          />
          <Button type="submit" size="large" tone="primary" wide disabled={code === null}>
            {t("recover.next")}
          </Button>
        </form>
      ) : (
        <div className="flex flex-col gap-4">
          <p className="text-body text-text-2">{t("recover.new_pin")}</p>
          <CodeField
            label={t("pin.label.new")}
            secret
            autoFocus
            value={pin}
            onChange={setPin}
            disabled={recover.isPending}
            onComplete={(digits) => {
              setPin("");
              if (code === null) return;
              recover.mutate(
                { code, newPin: digits },
                { onSuccess: ({ state }) => state === "refused" && setWay("code") },
              );
            }}
          />
          {failed}
        </div>
      )}
    </Sheet>
  );
}

function reasonOf({ reason }: Recovery) {
  return reason === "vetoed" || reason === "too_many_tries" ? reason : "code_wrong";
}

function Started({ recovery, onClose }: { recovery: Recovery; onClose: () => void }) {
  const { t, i18n } = useTranslation("wallet");
  const text =
    recovery.state === "asked"
      ? t("trust.asked")
      : recovery.state === "waiting" && recovery.spend_after !== null
        ? t("trust.waiting", { when: dateTime(i18n.language, recovery.spend_after) })
        : recovery.state === "done"
          ? t("recover.done")
          : t("recover.checking");
  return (
    <div className="flex flex-col gap-4">
      <Banner tone="accent" role="status">
        {text}
      </Banner>
      <Button size="large" tone="primary" wide onClick={onClose}>
        {t("recover.close")}
      </Button>
    </div>
  );
}
