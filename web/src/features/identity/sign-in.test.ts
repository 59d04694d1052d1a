import { beforeEach, expect, test } from "vitest";
import type { Challenge } from "@/lib/wire";
import { keepStep, keptStep, signInReducer, type SignInState } from "./sign-in";

const NOW = Date.parse("2026-03-04T00:00:00Z");

const challenge: Challenge = {
  id: "0195a000-0000-7000-8000-000000000001",
  secret: "s",
  phone: "+821012345678",
  expires_at: "2026-03-04T00:03:00Z",
  resend_at: "2026-03-04T00:00:30Z",
  tries_left: 5,
};

const challenged = (changes: Partial<Challenge> = {}): SignInState =>
  signInReducer(
    { step: "number" },
    { type: "challenged", challenge: { ...challenge, ...changes }, nowMs: NOW },
  );

const refused = (state: SignInState, code: string, retryAfterS: number | null = null) =>
  signInReducer(state, { type: "refused", code, retryAfterS, nowMs: NOW });

beforeEach(() => sessionStorage.clear());

test("a further code may be asked for when the server says so", () => {
  expect(challenged()).toMatchObject({ step: "code", resendAtMs: NOW + 30_000, deadCode: null });
});

test("a device whose clock is hours behind does not wait for hours", () => {
  const state = challenged({ resend_at: "2026-03-04T09:00:30Z" });
  expect(state).toMatchObject({ resendAtMs: NOW + 180_000 });
});

test("each wrong code leaves fewer tries, and the last one leaves none", () => {
  let state = challenged({ tries_left: 2 });
  state = refused(state, "code_wrong");
  expect(state).toMatchObject({ triesLeft: 1, deadCode: null });
  expect(refused(state, "code_wrong")).toMatchObject({ triesLeft: 0, deadCode: "code_spent" });
});

test.each(["code_spent", "code_expired", "code_used", "challenge_not_found"])(
  "%s ends the challenge",
  (code) => {
    expect(refused(challenged(), code)).toMatchObject({ deadCode: code });
  },
);

test("a network failure ends nothing", () => {
  expect(refused(challenged(), "offline")).toEqual(challenged());
});

test("being told to wait moves the countdown, never back", () => {
  expect(refused(challenged(), "too_many_requests", 90)).toMatchObject({ resendAtMs: NOW + 90_000 });
  expect(refused(challenged(), "too_many_requests", 5)).toMatchObject({ resendAtMs: NOW + 30_000 });
});

test("changing the number starts anew", () => {
  expect(signInReducer(challenged(), { type: "changeNumber" })).toEqual({ step: "number" });
});

test("the step survives a reload until its code expires", () => {
  keepStep(challenged());
  expect(keptStep(NOW + 60_000)).toEqual(challenged());
  expect(keptStep(NOW + 181_000)).toEqual({ step: "number" });
});

test("what was kept and cannot be read starts anew", () => {
  sessionStorage.setItem("talktalk.sign-in", "{");
  expect(keptStep(NOW)).toEqual({ step: "number" });
});
