/**
 * The one door to the server over HTTP: `await api("GET /api/v1/friends")`. Paths, queries, bodies and
 * answers are those of the server's OpenAPI document (src/generated/routes.ts).
 *
 * Same origin, cookie session. Every failure is an `ApiProblem`. An answer 401 from anything but
 * signing in means that the session is gone; whoever registered `onSessionLost` hears of it.
 */
import { ApiProblem } from "@/lib/problem";
import type { Routes } from "@/generated/routes";

/** Requests that take longer are given up; the server answers in well under a second. */
const TIMEOUT_MS = 20_000;

type Route = keyof Routes;
export type Answer<R extends Route> = Routes[R]["answer"];

type ParamNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;
type PathPart<R extends Route> = [ParamNames<R>] extends [never]
  ? { path?: undefined }
  : { path: Record<ParamNames<R>, string> };
type BodyPart<R extends Route> = Routes[R] extends { body: infer B } ? { body: B } : { body?: undefined };
type QueryPart<R extends Route> = Routes[R] extends { query: infer Q }
  ? { query: Q }
  : Routes[R] extends { query?: infer Q }
    ? { query?: Q }
    : { query?: undefined };
interface CommonPart {
  signal?: AbortSignal | undefined;
  /** Needed by every request that moves or asks for money; make it once per intent and keep it. */
  idempotencyKey?: string;
}
export type Input<R extends Route> = PathPart<R> & BodyPart<R> & QueryPart<R> & CommonPart;
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- asks whether all is optional
type Args<R extends Route> = {} extends Input<R> ? [input?: Input<R>] : [input: Input<R>];

interface LooseInput extends CommonPart {
  path?: Record<string, string> | undefined;
  query?: Record<string, string | number | undefined> | undefined;
  body?: unknown;
}

let sessionLost: () => void = () => undefined;

/** Who to tell when the server no longer knows our session. */
export function onSessionLost(listener: () => void): void {
  sessionLost = listener;
}

/**
 * Call a route of `Routes`.
 *
 * @throws ApiProblem — always, and nothing else, except the `AbortError` of the caller's own signal.
 */
export async function api<R extends Route>(route: R, ...args: Args<R>): Promise<Answer<R>> {
  const input = (args[0] ?? {}) as LooseInput;
  const [method = "GET", template = ""] = route.split(" ");
  const response = await send(method, addressOf(template, input), input);
  if (response.ok) {
    if (response.status === 204 || response.headers.get("content-length") === "0") {
      return undefined;
    }
    return (await parsed(response)) as Answer<R>;
  }
  const problem = await problemOf(response);
  if (problem.status === 401 && !template.startsWith("/api/v1/auth/")) sessionLost();
  throw problem;
}

function addressOf(template: string, input: LooseInput): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(input.path?.[name] ?? ""),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function send(method: string, address: string, input: LooseInput): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (input.idempotencyKey !== undefined) headers["idempotency-key"] = input.idempotencyKey;
  let body: BodyInit | null = null;
  if (input.body instanceof Blob) {
    body = input.body;
    headers["content-type"] = input.body.type;
  } else if (input.body !== undefined) {
    body = JSON.stringify(input.body);
    headers["content-type"] = "application/json";
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = input.signal === undefined ? timeout : AbortSignal.any([input.signal, timeout]);
  try {
    return await fetch(address, { method, headers, body, signal, credentials: "same-origin" });
  } catch (error) {
    if (input.signal?.aborted === true) throw error;
    if (timeout.aborted) throw new ApiProblem({ code: "timeout", status: 0 });
    throw new ApiProblem({ code: navigator.onLine ? "unreachable" : "offline", status: 0 });
  }
}

async function parsed(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiProblem({ code: "unreadable", status: response.status });
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const wait = Number.isFinite(retryAfter) ? retryAfter : null;
  const fallback = { code: `http_${response.status}`, status: response.status, retry_after_s: wait };
  try {
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return new ApiProblem(fallback);
    const known = Object.fromEntries(
      Object.entries(body).filter(([, value]) => value !== null && value !== undefined),
    );
    return new ApiProblem({ ...fallback, ...known, status: response.status });
  } catch {
    return new ApiProblem(fallback);
  }
}
