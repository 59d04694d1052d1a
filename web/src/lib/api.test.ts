import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api, onSessionLost } from "./api";
import { ApiProblem } from "./problem";

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal("fetch", fetched);
});
afterEach(() => {
  vi.unstubAllGlobals();
  onSessionLost(() => undefined);
});

const answer = (status: number, body?: unknown, headers?: HeadersInit) =>
  fetched.mockResolvedValueOnce(
    new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      ...(headers === undefined ? {} : { headers }),
    }),
  );

const problem = async (promise: Promise<unknown>): Promise<ApiProblem> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiProblem)) throw new Error(`no problem but ${String(error)}`);
  return error;
};

test("path, query and body go where they belong", async () => {
  answer(204);
  await api("DELETE /api/v1/friends/{user_id}", { path: { user_id: "a/b" }, query: { side: "one" } });
  expect(fetched.mock.calls[0]?.[0]).toBe("/api/v1/friends/a%2Fb?side=one");
  answer(200, {});
  await api("POST /api/v1/friend-requests", { body: { user_id: "x" } });
  expect(fetched.mock.calls[1]?.[1]).toMatchObject({ method: "POST", body: '{"user_id":"x"}' });
});

test("a request that moves money carries its key", async () => {
  answer(200, {});
  await api("POST /api/v1/transfers", {
    body: { amount: { value: "1" } },
    idempotencyKey: "k-1",
  });
  expect(fetched.mock.calls[0]?.[1]?.headers).toMatchObject({ "idempotency-key": "k-1" });
});

test("a problem keeps its code, wait and fields", async () => {
  answer(429, { code: "too_many_codes", status: 429, retry_after_s: 30, detail: "later" });
  const error = await problem(api("GET /api/v1/friends"));
  expect(error).toMatchObject({ code: "too_many_codes", status: 429, retryAfterS: 30 });
});

test("an answer that is no problem document still becomes one", async () => {
  answer(502, undefined, { "retry-after": "7" });
  expect(await problem(api("GET /api/v1/friends"))).toMatchObject({
    code: "http_502",
    retryAfterS: 7,
  });
  fetched.mockResolvedValueOnce(new Response("<html>", { status: 200 }));
  expect(await problem(api("GET /api/v1/friends"))).toMatchObject({ code: "unreadable" });
});

test("no network is told apart from no server", async () => {
  fetched.mockRejectedValue(new TypeError("failed"));
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  expect(await problem(api("GET /api/v1/friends"))).toMatchObject({ code: "offline", status: 0 });
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  expect(await problem(api("GET /api/v1/friends"))).toMatchObject({ code: "unreachable" });
});

test("the caller's own abort is not a problem of the server", async () => {
  const stop = new AbortController();
  stop.abort();
  fetched.mockRejectedValue(new DOMException("aborted", "AbortError"));
  await expect(api("GET /api/v1/friends", { signal: stop.signal })).rejects.toThrow("aborted");
});

test("a lost session is told once per refusal, and never by signing in", async () => {
  const lost = vi.fn();
  onSessionLost(lost);
  answer(401, { code: "not_signed_in" });
  await problem(api("GET /api/v1/friends"));
  expect(lost).toHaveBeenCalledOnce();
  answer(401, { code: "not_signed_in" });
  await problem(
    api("POST /api/v1/auth/sessions", { body: { challenge_id: "c", secret: "s", code: "000000" } }),
  );
  expect(lost).toHaveBeenCalledOnce();
});
