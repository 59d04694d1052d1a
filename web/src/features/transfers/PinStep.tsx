import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CodeField, Spinner } from "@/design";
import { isProblem, problemText } from "@/lib/problem";

interface PinStepProps {
  /** What the PIN approves, in a sentence. */
  body: string;
  busy: boolean;
  problem: unknown;
  onPin: (pin: string) => void;
}

/** The PIN that approves exactly what was reviewed. */
export function PinStep({ body, busy, problem, onPin }: PinStepProps) {
  const { t } = useTranslation("transfers");
  const { t: problems } = useTranslation("problems");
  const [pin, setPin] = useState("");
  const tries = isProblem(problem, "pin_wrong") ? Number(problem.detail) : Number.NaN;
  const error =
    problem === null
      ? undefined
      : Number.isInteger(tries) && tries > 0
        ? t("approve.wrong", { count: tries })
        : problemText(problems, problem);
  return (
    <div className="flex flex-col gap-6 py-2">
      <p className="text-body text-text-2">{body}</p>
      <CodeField
        label={t("approve.pin")}
        secret
        autoFocus
        value={pin}
        onChange={setPin}
        onComplete={(digits) => {
          setPin("");
          onPin(digits);
        }}
        disabled={busy}
        error={busy ? undefined : error}
      />
      <div className="min-h-12">
        {busy && <Spinner words={t("approve.busy")} />}
      </div>
    </div>
  );
}
