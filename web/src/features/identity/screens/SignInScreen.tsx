import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useReducer, useState } from "react";
import { toast } from "@/design";
import { useTranslation } from "react-i18next";
import type { Region } from "@/lib/phone";
import { guessRegion } from "@/lib/phone";
import type { SignedIn } from "@/lib/wire";
import { Frame } from "../parts/Frame";
import { CodeStepForm } from "../parts/CodeStepForm";
import { NumberStepForm } from "../parts/NumberStepForm";
import { useChallenge } from "../queries";
import { keepStep, keptStep, signInReducer } from "../sign-in";

/** A phone number, a code, and in. */
export function SignInScreen() {
  const { t } = useTranslation("identity");
  const { next } = useSearch({ from: "/signin" });
  const navigate = useNavigate();
  const [state, dispatch] = useReducer(signInReducer, null, () => keptStep(Date.now()));
  const [typed, setTyped] = useState("");
  const [region, setRegion] = useState<Region>(() => guessRegion());
  const challenge = useChallenge();

  useEffect(() => keepStep(state), [state]);

  const enter = ({ me }: SignedIn) => {
    keepStep({ step: "number" });
    if (me.name === "") {
      void navigate({ to: "/welcome", search: next === undefined ? {} : { next }, replace: true });
    } else void navigate({ to: next ?? "/chats", replace: true });
  };

  if (state.step === "number") {
    return (
      <Frame>
        <NumberStepForm
          typed={typed}
          region={region}
          onTyped={setTyped}
          onRegion={setRegion}
          busy={challenge.isPending}
          error={challenge.error}
          onSubmit={() =>
            challenge.mutate(
              { phone: typed, region },
              {
                onSuccess: (made) =>
                  dispatch({ type: "challenged", challenge: made, nowMs: Date.now() }),
              },
            )
          }
        />
      </Frame>
    );
  }
  return (
    <Frame>
      <CodeStepForm
        // A new challenge starts with empty boxes.
        key={state.challenge.id}
        state={state}
        resending={challenge.isPending}
        resendError={challenge.error}
        dispatch={dispatch}
        onSignedIn={enter}
        onChangeNumber={() => {
          challenge.reset();
          dispatch({ type: "changeNumber" });
        }}
        onResend={() =>
          challenge.mutate(
            { phone: state.challenge.phone },
            {
              onSuccess: (made) => {
                dispatch({ type: "challenged", challenge: made, nowMs: Date.now() });
                toast(t("code.resent"));
              },
              onError: (problem) =>
                dispatch({
                  type: "refused",
                  code: problem.code,
                  retryAfterS: problem.retryAfterS,
                  nowMs: Date.now(),
                }),
            },
          )
        }
      />
    </Frame>
  );
}
