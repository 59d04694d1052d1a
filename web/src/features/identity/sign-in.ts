/**
 * Signing in as a typed state machine, outside the components.
 *
 *     number ──challenge──▶ code ──right──▶ done
 *        ▲                   │ ▲ wrong: tries fewer · dead: only a new code helps
 *        └────change─────────┘ └──resend──
 */
import type { Challenge } from "@/lib/wire";

export interface CodeStep {
  step: "code";
  challenge: Challenge;
  triesLeft: number;
  /** Why this challenge can no longer be answered, if it cannot. */
  deadCode: string | null;
  /** When a further code may be asked for, milliseconds since the epoch, by this device's clock. */
  resendAtMs: number;
}

export type SignInState = { step: "number" } | CodeStep;

export type SignInAction =
  | { type: "challenged"; challenge: Challenge; nowMs: number }
  | { type: "refused"; code: string; retryAfterS: number | null; nowMs: number }
  | { type: "changeNumber" };

/** A device whose clock is wrong must not wait for hours; the server has the last word anyway. */
const RESEND_WAIT_MS_MAX = 180_000;

/** Answers after which the same challenge accepts nothing more. */
const DEADLY: ReadonlySet<string> = new Set([
  "code_spent",
  "code_expired",
  "code_used",
  "challenge_not_found",
]);

export function signInReducer(state: SignInState, action: SignInAction): SignInState {
  switch (action.type) {
    case "challenged": {
      const wait = Date.parse(action.challenge.resend_at) - action.nowMs;
      return {
        step: "code",
        challenge: action.challenge,
        triesLeft: action.challenge.tries_left,
        deadCode: null,
        resendAtMs: action.nowMs + Math.min(Math.max(wait, 0), RESEND_WAIT_MS_MAX),
      };
    }
    case "refused": {
      if (state.step !== "code") return state;
      if (action.code === "code_wrong") {
        const triesLeft = Math.max(0, state.triesLeft - 1);
        return { ...state, triesLeft, deadCode: triesLeft === 0 ? "code_spent" : null };
      }
      if (DEADLY.has(action.code)) return { ...state, deadCode: action.code };
      if (action.retryAfterS !== null) {
        const until = action.nowMs + action.retryAfterS * 1000;
        return { ...state, resendAtMs: Math.max(state.resendAtMs, until) };
      }
      return state;
    }
    case "changeNumber":
      return { step: "number" };
  }
}

const KEY = "talktalk.sign-in";

/**
 * The step survives a reload: phones close the page while the message is being read. The secret
 * leaves with the tab, and is worth nothing without the code.
 */
export function keepStep(state: SignInState): void {
  try {
    if (state.step === "number") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // Without storage a reload begins anew.
  }
}

export function keptStep(nowMs: number): SignInState {
  try {
    const state = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as CodeStep | null;
    if (state?.step === "code" && Date.parse(state.challenge.expires_at) > nowMs) return state;
  } catch {
    // Unreadable or closed: begin anew.
  }
  return { step: "number" };
}
