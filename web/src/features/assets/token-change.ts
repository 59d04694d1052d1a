/**
 * One token taken up, changed or let go, from the first press to the ledger's word: a typed state machine
 * outside the components.
 *
 *     asking ─▶ checking ─▶ checked ─▶ drafting ─▶ review ─▶ approving ─▶ over
 *        ▲         │           │           │          │           │
 *        └─────────┴───────────┴───────────┴──────────┘           └─▶ review (PIN refused)
 *
 * The idempotency key is made once for an input and kept while that input is tried again. What is
 * reviewed is what the bytes say.
 */
import { ApiProblem, isProblem } from "@/lib/problem";
import type { Order, OrderAsk, OrderCheck, TrustAction } from "@/lib/wire";
import { type DecodedLine, decodeLine, type LineDifference, lineDifferences } from "./line-decode";
import { approveOrder, cancelOrder, checkOrder, makeOrder, readOrder } from "./queries";

/** More than any honest network asks for a transaction: 0.1 XRP. */
const FEE_DROPS_MAX = 100_000n;

/** How much of a currency somebody takes who does not say: more than anyone here will be paid. */
export const LIMIT_DEFAULT = "1000000000";

export interface LineInput {
  asset: string;
  action: TrustAction;
  /** Of a currency that is kept; null otherwise. */
  limit: string | null;
}

export interface ReviewedLine {
  order: Order;
  decoded: DecodedLine;
  check: OrderCheck;
}

export type ChangeState =
  | { at: "asking"; problem: unknown }
  | { at: "checking" }
  | { at: "checked"; check: OrderCheck }
  | { at: "drafting"; check: OrderCheck }
  | { at: "refused"; differences: LineDifference[] }
  | { at: "review"; reviewed: ReviewedLine; problem: unknown }
  | { at: "approving"; reviewed: ReviewedLine }
  | { at: "over"; order: Order };

/** One change being made. Listeners hear every change of `state`. */
export class TokenChange {
  state: ChangeState = { at: "asking", problem: null };
  readonly #listeners = new Set<() => void>();
  readonly #account: string;
  #input: LineInput | null = null;
  #key: { input: string; key: string } | null = null;

  /** @param account - The wallet's own address. */
  constructor(account: string) {
    this.#account = account;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): ChangeState => this.state;

  /** Ask what it would cost, and what stands against it. */
  async check(input: LineInput): Promise<void> {
    this.#input = input;
    this.#turn({ at: "checking" });
    try {
      this.#turn({ at: "checked", check: await checkOrder(askOf(input, [])) });
    } catch (problem) {
      this.#turn({ at: "asking", problem });
    }
  }

  /** The person has read costs and warnings, and goes on. */
  async draft(): Promise<void> {
    const input = this.#input;
    if (input === null || (this.state.at !== "checked" && this.state.at !== "review")) return;
    const check = this.state.at === "checked" ? this.state.check : this.state.reviewed.check;
    this.discard();
    this.#turn({ at: "drafting", check });
    const ask = askOf(
      input,
      check.warnings.map(({ code }) => code),
    );
    try {
      this.#review(check, await makeOrder(ask, this.#keyFor(ask)), null);
    } catch (problem) {
      if (isProblem(problem) && problem.status > 0) this.#key = null;
      this.#turn({ at: "asking", problem });
    }
  }

  /** Back to the beginning. What was drafted is taken back. */
  back(): void {
    this.discard();
    this.#turn({ at: "asking", problem: null });
  }

  /** Take back what was drafted and not approved. */
  discard(): void {
    if (this.state.at !== "review") return;
    // Should this be lost, the draft expires by itself and changes nothing.
    cancelOrder(this.state.reviewed.order.id).catch(() => undefined);
    this.#key = null;
  }

  /** Approve the reviewed bytes. */
  async approve(pin: string): Promise<void> {
    if (this.state.at !== "review") return;
    const { reviewed } = this.state;
    this.#turn({ at: "approving", reviewed });
    try {
      this.hear(await approveOrder(reviewed.order.id, reviewed.decoded.approvalHash, pin));
    } catch (problem) {
      // Without an answer the approval may have arrived, and a draft may be another by now: the order itself tells.
      const unknown =
        problem instanceof ApiProblem &&
        (problem.status === 0 || problem.status >= 500 || problem.code === "draft_changed");
      if (unknown) await this.#look(reviewed, problem);
      else this.#turn({ at: "review", reviewed, problem });
    }
  }

  /** The order has turned, by an event or an answer. */
  hear(order: Order): void {
    const { state } = this;
    if (state.at !== "approving" || state.reviewed.order.id !== order.id) return;
    const { reviewed } = state;
    if (order.version < reviewed.order.version) return;
    if (order.state === "drafted") {
      if (order.approval_error === null || order.version === reviewed.order.version) return;
      // After `draft_expired` and `draft_changed` the draft is another: its own bytes are looked at.
      this.#review(reviewed.check, order, refusal(order));
    } else if (order.state !== "signing") {
      this.#turn({ at: "over", order });
    }
  }

  async #look(reviewed: ReviewedLine, problem: ApiProblem): Promise<void> {
    try {
      const order = await readOrder(reviewed.order.id);
      if (order.state === "drafted") this.#review(reviewed.check, order, problem);
      else this.hear(order);
    } catch {
      this.#turn({ at: "review", reviewed, problem });
    }
  }

  #review(check: OrderCheck, order: Order, problem: ApiProblem | null): void {
    const input = this.#input;
    const { draft } = order;
    if (input === null) return;
    if (draft === null) {
      // The same intent was approved already, perhaps in another tab.
      this.#turn({ at: "over", order });
      return;
    }
    const decoded = decodeLine(draft.steps.map(({ tx_blob }) => tx_blob));
    const asked = { ...input, account: this.#account, feeDropsMax: FEE_DROPS_MAX };
    const found = typeof decoded === "string" ? [decoded] : lineDifferences(asked, draft, decoded);
    if (typeof decoded === "string" || found.length > 0) {
      cancelOrder(order.id).catch(() => undefined);
      this.#key = null;
      this.#turn({ at: "refused", differences: found });
      return;
    }
    this.#turn({ at: "review", reviewed: { order, decoded, check }, problem });
  }

  #keyFor(ask: OrderAsk): string {
    const input = JSON.stringify(ask);
    if (this.#key?.input !== input) this.#key = { input, key: crypto.randomUUID() };
    return this.#key.key;
  }

  #turn(state: ChangeState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}

function askOf({ asset, action, limit }: LineInput, warnings: string[]): OrderAsk {
  return { kind: "trust_line", trust_line: { asset, action, limit }, accepted_warnings: warnings };
}

/** A refused approval as a problem, so that one place words it. */
function refusal({ approval_error: code, retry_at: at, tries_left: tries }: Order): ApiProblem {
  return new ApiProblem({
    code: code ?? "pin_wrong",
    status: 403,
    retry_after_s: at === null ? null : Math.max(1, Math.ceil((Date.parse(at) - Date.now()) / 1000)),
    detail: tries === null ? "" : String(tries),
  });
}
