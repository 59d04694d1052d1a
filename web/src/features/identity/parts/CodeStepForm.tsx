import { useQuery } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { type Dispatch, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, CodeField, Spinner } from "@/design";
import { aboutQuery } from "@/lib/about";
import { formatPhone } from "@/lib/phone";
import { ApiProblem, problemText } from "@/lib/problem";
import { useNow } from "@/lib/use-now";
import type { SignedIn } from "@/lib/wire";
import { useSignIn } from "../queries";
import type { CodeStep, SignInAction } from "../sign-in";
import { Question } from "./Frame";

interface CodeStepFormProps {
  state: CodeStep;
  dispatch: Dispatch<SignInAction>;
  resending: boolean;
  resendError: unknown;
  onResend: () => void;
  onChangeNumber: () => void;
  onSignedIn: (signedIn: SignedIn) => void;
}

/** “1:05”. */
function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function CodeStepForm({
  state,
  dispatch,
  resending,
  resendError,
  onResend,
  onChangeNumber,
  onSignedIn,
}: CodeStepFormProps) {
  const { t } = useTranslation("identity");
  const { t: problems } = useTranslation("problems");
  const [code, setCode] = useState("");
  const signIn = useSignIn();
  const about = useQuery(aboutQuery);
  const waitS = Math.max(0, Math.ceil((state.resendAtMs - useNow(1000).getTime()) / 1000));

  const submit = (digits: string) => {
    if (signIn.isPending) return;
    signIn.mutate(
      { challenge: state.challenge, code: digits },
      {
        onSuccess: onSignedIn,
        onError: (problem) => {
          setCode("");
          dispatch({
            type: "refused",
            code: problem.code,
            retryAfterS: problem.retryAfterS,
            nowMs: Date.now(),
          });
        },
      },
    );
  };

  const trouble = (): string | undefined => {
    if (state.deadCode !== null) {
      return problemText(problems, new ApiProblem({ code: state.deadCode, status: 410 }));
    }
    // While the next try is being typed, the last one no longer matters.
    if (code !== "") return undefined;
    if (resendError !== null) return problemText(problems, resendError);
    if (signIn.error === null) return undefined;
    if (signIn.error.code === "code_wrong") return t("code.wrong", { count: state.triesLeft });
    return problemText(problems, signIn.error);
  };
  const dead = state.deadCode !== null;

  return (
    <div className="flex flex-1 flex-col">
      <Question
        title={t("code.title")}
        body={t("code.body", { phone: formatPhone(state.challenge.phone) })}
      />
      <CodeField
        label={t("code.label")}
        value={code}
        onChange={setCode}
        onComplete={submit}
        error={trouble()}
        disabled={signIn.isPending || dead}
        autoFocus
      />
      {signIn.isPending && <Spinner className="mt-6" words={t("code.checking")} />}
      <div className="mt-auto flex flex-col gap-2 pt-8">
        {waitS > 0 ? (
          <p className="figures flex min-h-14 items-center justify-center text-small text-text-3">
            {t("code.resend_in", { time: clock(waitS) })}
          </p>
        ) : (
          <Button
            size="large"
            wide
            tone={dead ? "primary" : "neutral"}
            busy={resending}
            onClick={onResend}
          >
            {t("code.resend")}
          </Button>
        )}
        {about.data?.dev_inbox === true && (
          <a
            href="/dev/inbox"
            target="_blank"
            rel="noreferrer"
            className="flex min-h-11 items-center justify-center gap-2 text-small font-medium text-text-2 underline underline-offset-4"
          >
            {t("code.inbox")}
            <ExternalLink size={16} aria-hidden="true" />
          </a>
        )}
        <Button tone="quiet" wide onClick={onChangeNumber}>
          {t("code.change")}
        </Button>
      </div>
    </div>
  );
}
