import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CodeField, Spinner } from "@/design";
import { isProblem, problemText } from "@/lib/problem";
import type { Me } from "@/lib/wire";
import { pinProblem } from "./pin-text";
import { useSetPin } from "./queries";

type Step = { ask: "old" } | { ask: "new"; old?: string } | { ask: "again"; old?: string; pin: string };

interface PinSetupProps {
  me: Me;
  /** A PIN is set already: it is asked first. */
  change?: boolean;
  onDone?: (() => void) | undefined;
}

/** Choose a payment PIN by typing it twice; with `change`, after the old one. */
export function PinSetup({ me, change = false, onDone }: PinSetupProps) {
  const { t } = useTranslation("wallet");
  const { t: problems } = useTranslation("problems");
  const [step, setStep] = useState<Step>(change ? { ask: "old" } : { ask: "new" });
  const [digits, setDigits] = useState("");
  const [slip, setSlip] = useState<"different" | "weak" | null>(null);
  const set = useSetPin(me);
  const complete = (typed: string) => {
    setDigits("");
    setSlip(null);
    if (step.ask === "old") setStep({ ask: "new", old: typed });
    else if (step.ask === "new") {
      if (isWeak(typed)) setSlip("weak");
      else setStep({ ...step, ask: "again", pin: typed });
    } else if (typed !== step.pin) {
      setSlip("different");
      setStep(step.old === undefined ? { ask: "new" } : { ask: "new", old: step.old });
    } else {
      set.mutate(step.old === undefined ? { pin: typed } : { pin: typed, oldPin: step.old }, {
        onSuccess: () => onDone?.(),
        onError: (error) => {
          const oldWrong = change && isProblem(error, "pin_wrong", "pin_locked");
          setStep(oldWrong ? { ask: "old" } : step.old === undefined ? { ask: "new" } : { ask: "new", old: step.old });
        },
      });
    }
  };
  const error =
    slip !== null
      ? t(`pin.slip.${slip}`)
      : set.error !== null
        ? (pinProblem(t, set.error) ?? problemText(problems, set.error))
        : undefined;
  return (
    <div className="flex flex-col gap-5 py-2">
      <p className="text-body text-text-2">{t(`pin.ask.${step.ask}`)}</p>
      <CodeField
        key={step.ask}
        label={t(`pin.label.${step.ask}`)}
        secret
        autoFocus
        value={digits}
        onChange={setDigits}
        onComplete={complete}
        disabled={set.isPending}
        error={set.isPending ? undefined : error}
      />
      <div className="min-h-12">{set.isPending && <Spinner words={t("pin.saving")} />}</div>
    </div>
  );
}

/** One digit six times, or a run such as 123456: the first that anybody would try. */
function isWeak(pin: string): boolean {
  const steps = new Set(Array.from(pin.slice(1), (digit, index) => Number(digit) - Number(pin[index])));
  return steps.size === 1 && [0, 1, -1].includes([...steps][0] ?? 9);
}
