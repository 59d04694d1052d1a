import i18next from "i18next";
import { expect, test } from "vitest";
import { ApiProblem, problemText } from "./problem";

const t = i18next.getFixedT("ko", "problems");

test("a known code is said in our words, with the wait", () => {
  expect(problemText(t, new ApiProblem({ code: "code_expired", status: 410 }))).toContain("3분");
  const slow = new ApiProblem({ code: "slow_down", status: 429, retry_after_s: 90 });
  expect(problemText(t, slow)).toContain("약 2분");
});

test("an unknown code falls back to the server's words, a crash never does", () => {
  expect(problemText(t, new ApiProblem({ code: "new_rule", status: 409, detail: "왜냐하면" }))).toBe(
    "왜냐하면",
  );
  expect(problemText(t, new ApiProblem({ code: "oops", status: 500, detail: "KeyError" }))).toBe(
    t("codes.server"),
  );
});

test("a code cannot reach other texts", () => {
  const text = problemText(t, new ApiProblem({ code: "a.b:c", status: 400, detail: "d" }));
  expect(text).toBe("d");
});

test("what is no problem of the server is said as unexpected", () => {
  expect(problemText(t, new TypeError("x"))).toBe(t("unexpected"));
});
