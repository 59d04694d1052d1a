import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, CodeField, Sheet, Spinner, TextField, toast } from "@/design";
import { useMe } from "@/features/identity";
import { problemText } from "@/lib/problem";
import { pinProblem } from "./pin-text";
import { useSetRecoveryCode } from "./queries";
import { grouped, makeRecoveryCode } from "./recovery-code";

type Step = "show" | "confirm" | "pin";

/** Make a recovery code, have it written down, prove that it was, and store it. Shown once. */
export function RecoveryCodeSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("wallet");
  const { t: problems } = useTranslation("problems");
  const [code] = useState(makeRecoveryCode);
  const [step, setStep] = useState<Step>("show");
  const [typed, setTyped] = useState("");
  const [pin, setPin] = useState("");
  const set = useSetRecoveryCode(useMe());
  const groups = grouped(code);
  const last = groups.slice(-2).join("");
  const matches = typed.toUpperCase().replaceAll(/[\s-]/g, "") === last;
  return (
    <Sheet open onOpenChange={onClose} title={t("code.title")} dismissible={!set.isPending}>
      {step === "show" && (
        <div className="flex flex-col gap-4">
          <p className="text-body text-text-2">{t("code.body")}</p>
          <p
            className="figures grid grid-cols-4 gap-x-3 gap-y-2 rounded-card bg-sunken p-5 text-center font-mono text-heading font-semibold"
            data-testid="recovery-code"
          >
            {groups.map((group, index) => (
              <span key={index}>{group}</span>
            ))}
          </p>
          <Banner tone="warning">{t("code.once")}</Banner>
          <Button size="large" tone="primary" wide onClick={() => setStep("confirm")}>
            {t("code.written")}
          </Button>
        </div>
      )}
      {step === "confirm" && (
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (matches) setStep("pin");
          }}
        >
          <p className="text-body text-text-2">{t("code.confirm_body")}</p>
          <TextField
            label={t("code.confirm")}
            value={typed}
            autoFocus
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={typed.length >= last.length && !matches ? t("code.confirm_wrong") : undefined}
          />
          <Button type="submit" size="large" tone="primary" wide disabled={!matches}>
            {t("code.next")}
          </Button>
          <Button tone="quiet" wide onClick={() => setStep("show")}>
            {t("code.show_again")}
          </Button>
        </form>
      )}
      {step === "pin" && (
        <div className="flex flex-col gap-4">
          <p className="text-body text-text-2">{t("code.pin")}</p>
          <CodeField
            label={t("pin.label.old")}
            secret
            autoFocus
            value={pin}
            onChange={setPin}
            disabled={set.isPending}
            error={
              set.error === null
                ? undefined
                : (pinProblem(t, set.error) ?? problemText(problems, set.error))
            }
            onComplete={(digits) => {
              setPin("");
              set.mutate(
                { code, pin: digits },
                {
                  onSuccess: () => {
                    toast(t("code.kept"));
                    onClose();
                  },
                },
              );
            }}
          />
          <div className="min-h-12">{set.isPending && <Spinner words={t("pin.saving")} />}</div>
        </div>
      )}
    </Sheet>
  );
}
