/**
 * What went wrong with a request, as one error type.
 *
 * The server answers RFC 9457 problems with a stable `code`; what happens before an answer arrives
 * gets a code of our own: `offline`, `unreachable`, `timeout`, `unreadable`. Screens show
 * `problemText(t, error)`, which translates the code and falls back to the server's own words.
 */
import type { TFunction } from "i18next";
import type { FieldError, WireProblem } from "@/lib/wire";

export class ApiProblem extends Error {
  readonly code: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly detail: string;
  /** Seconds until another try can succeed, where waiting helps. */
  readonly retryAfterS: number | null;
  readonly errors: readonly FieldError[];

  constructor(problem: Partial<WireProblem> & { code: string; status: number }) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.name = "ApiProblem";
    this.code = problem.code;
    this.status = problem.status;
    this.detail = problem.detail ?? "";
    this.retryAfterS = problem.retry_after_s ?? null;
    this.errors = problem.errors ?? [];
  }
}

/** Whether `error` is the problem `code` (or one of several). */
export function isProblem(error: unknown, ...codes: string[]): error is ApiProblem {
  return error instanceof ApiProblem && (codes.length === 0 || codes.includes(error.code));
}

/** A wait in words: “약 3분”, “12 seconds”. */
export function waitText(t: TFunction<"problems">, seconds: number): string {
  if (seconds < 60) return t("wait.seconds", { count: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return t("wait.minutes", { count: Math.ceil(seconds / 60) });
  return t("wait.hours", { count: Math.ceil(seconds / 3600) });
}

/** What happened and what to do, in the person's language. */
export function problemText(t: TFunction<"problems">, error: unknown): string {
  if (!(error instanceof ApiProblem)) return t("unexpected");
  const wait = error.retryAfterS === null ? t("wait.a_while") : waitText(t, error.retryAfterS);
  const byStatus = error.status >= 500 ? "server" : error.status === 429 ? "slow_down" : null;
  const fallback =
    byStatus === null ? error.detail || t("unexpected") : t(`codes.${byStatus}`, { wait });
  // The code comes from the server, so its key cannot be checked against the catalogue here.
  const key = `codes.${error.code.replaceAll(/[^A-Za-z0-9_]/g, "_")}` as "codes.server";
  return t(key, { wait, defaultValue: fallback });
}
