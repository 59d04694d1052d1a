import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useReducer } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signInReducer, type SignInState } from "../sign-in";
import { CodeStepForm } from "./CodeStepForm";

const signedIn = vi.fn();
const answers: { status: number; body: unknown }[] = [];

beforeEach(() => {
  vi.stubGlobal("fetch", (address: string) => {
    const answer = address.endsWith("/about")
      ? { status: 200, body: { dev_inbox: false } }
      : (answers.shift() ?? { status: 500, body: {} });
    return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  signedIn.mockReset();
  answers.length = 0;
});

function challenged(): SignInState {
  const nowMs = Date.now();
  const soon = new Date(nowMs + 60_000).toISOString();
  const challenge = {
    id: "c",
    secret: "s",
    phone: "+821012345678",
    expires_at: soon,
    resend_at: soon,
    tries_left: 2,
  };
  return signInReducer({ step: "number" }, { type: "challenged", challenge, nowMs });
}

function Step() {
  const [state, dispatch] = useReducer(signInReducer, null, challenged);
  if (state.step !== "code") return null;
  return (
    <CodeStepForm
      state={state}
      dispatch={dispatch}
      resending={false}
      resendError={null}
      onResend={vi.fn()}
      onChangeNumber={vi.fn()}
      onSignedIn={signedIn}
    />
  );
}

const show = () =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Step />
    </QueryClientProvider>,
  );
const field = () => screen.getByLabelText<HTMLInputElement>("인증번호 6자리");
const wrong = { status: 403, body: { code: "code_wrong", status: 403 } };

test("a wrong code empties the field, says how many tries are left, and the last one ends it", async () => {
  answers.push(wrong, wrong);
  show();
  await userEvent.type(field(), "000000");
  expect((await screen.findByRole("alert")).textContent).toContain("1번 더");
  expect(field().value).toBe("");
  await userEvent.type(field(), "111111");
  await vi.waitFor(() => expect(screen.getByRole("alert").textContent).toContain("새 인증번호"));
  expect(field().readOnly).toBe(true);
});

test("the right code goes through and leaves its device token here", async () => {
  answers.push({ status: 201, body: { me: { name: "" }, device_token: "known" } });
  show();
  await userEvent.type(field(), "123456");
  await vi.waitFor(() => expect(signedIn).toHaveBeenCalledOnce());
  expect(localStorage.getItem("talktalk.device")).toBe("known");
});

test("an expired code says so and takes nothing more", async () => {
  answers.push({ status: 410, body: { code: "code_expired", status: 410 } });
  show();
  await userEvent.type(field(), "123456");
  expect((await screen.findByRole("alert")).textContent).toContain("3분");
  expect(field().readOnly).toBe(true);
});

test("a new code can be had only after the wait, which counts down", () => {
  show();
  expect(screen.getByText(/후에 다시 받을 수 있습니다/).textContent).toMatch(/^(1:00|0:5\d)/);
  expect(screen.queryByRole("button", { name: "인증번호 다시 받기" })).toBeNull();
});
