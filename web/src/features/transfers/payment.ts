/**
 * One payment from the first key press to the card: a typed state machine outside the components.
 *
 *     compose ─▶ checking ─▶ warned ─▶ drafting ─▶ review ─▶ approving ─▶ sent
 *        ▲          │          │          │           │          │
 *        └──────────┴──────────┴──────────┴───────────┘          └─▶ review (PIN refused)
 *
 * The idempotency key is made once for an input and kept while that input is tried again, so that a
 * lost answer cannot make a second intent. What is reviewed is what the bytes say.
 */
import { readAddress } from "@/lib/address";
import { api } from "@/lib/api";
import { ApiProblem, isProblem } from "@/lib/problem";
import type { Amount, Person, Transfer, TransferAsk, TransferCheck, Wallet } from "@/lib/wire";
import {
  type DecodedPayment,
  decodePayment,
  type Difference,
  differences,
  leavesAtMost,
} from "./decode";
import type { Pays } from "./pay";
import { payeeChanged, rememberPayee } from "./payees";
import { approveTransfer, cancelTransfer, makeTransfer, payInvitation } from "./queries";

/** More than any honest network asks for a payment: 0.1 XRP. */
const FEE_DROPS_MAX = 100_000n;

export type Payee = { person: Person } | { address: string; tag: number | null };

export interface PaymentInput {
  payee: Payee;
  /** Decimal, of `asset`. */
  value: string;
  /** What arrives. */
  asset: string;
  /** What it is paid with: the same, or another that is exchanged on the way. */
  spendAsset: string;
  note: string;
  /** For everybody, in the transaction itself. */
  memo: string;
  roomId: string | null;
  /** What it pays beside its payee. */
  pays?: Pays | undefined;
}

export interface Reviewed {
  transfer: Transfer;
  decoded: DecodedPayment;
  check: TransferCheck;
}

export type PaymentState =
  | { at: "compose"; problem: unknown }
  | { at: "checking" }
  | { at: "warned"; check: TransferCheck }
  | { at: "drafting"; check: TransferCheck }
  | { at: "refused"; differences: Difference[] }
  | { at: "review"; reviewed: Reviewed; problem: unknown }
  | { at: "approving"; reviewed: Reviewed }
  | { at: "sent"; transfer: Transfer };

/** One payment being made. Listeners hear every change of `state`. */
export class Payment {
  state: PaymentState = { at: "compose", problem: null };
  readonly #listeners = new Set<() => void>();
  readonly #wallet: Wallet;
  readonly #me: string;
  #input: PaymentInput | null = null;
  #key: { input: string; key: string } | null = null;

  constructor(me: string, wallet: Wallet) {
    this.#me = me;
    this.#wallet = wallet;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): PaymentState => this.state;

  /** Ask whether this payment could be made, and go on to its review or its warnings. */
  async check(input: PaymentInput): Promise<void> {
    this.#input = input;
    this.#turn({ at: "checking" });
    try {
      const check = await api("POST /api/v1/transfers/checks", { body: askOf(input, []) });
      if (check.warnings.length > 0 || this.#isOtherPayee(check)) this.#turn({ at: "warned", check });
      else await this.#draft(check);
    } catch (problem) {
      this.#turn({ at: "compose", problem });
    }
  }

  /** The person has read the warnings and goes on. */
  async acceptWarnings(): Promise<void> {
    if (this.state.at === "warned") await this.#draft(this.state.check);
  }

  /** Whether this device has paid the person at another address before. */
  #isOtherPayee(check: TransferCheck): boolean {
    return check.recipient !== null && payeeChanged(this.#me, check.recipient.id, check.address);
  }

  /** Whether the warnings must say that the person's address is new to this device. */
  get payeeIsOther(): boolean {
    return this.state.at === "warned" && this.#isOtherPayee(this.state.check);
  }

  /** Back to the amount. What was drafted is taken back. */
  back(): void {
    this.discard();
    this.#turn({ at: "compose", problem: null });
  }

  /** Take back what was drafted and not approved; the sheet is closing. */
  discard(): void {
    if (this.state.at !== "review") return;
    // Should this be lost, the draft expires by itself and moves nothing.
    cancelTransfer(this.state.reviewed.transfer.id).catch(() => undefined);
    this.#key = null;
  }

  /** The draft has grown old: have the same payment built anew. */
  async renew(): Promise<void> {
    const input = this.#input;
    if (this.state.at !== "review" || input === null) return;
    const { check } = this.state.reviewed;
    this.discard();
    // What stands against it, and what is left afterwards, may be other at another price.
    if (input.spendAsset === input.asset) await this.#draft(check);
    else await this.check(input);
  }

  /** Approve the reviewed bytes. */
  async approve(pin: string): Promise<void> {
    if (this.state.at !== "review") return;
    const { reviewed } = this.state;
    this.#turn({ at: "approving", reviewed });
    try {
      const transfer = await approveTransfer(reviewed.transfer.id, reviewed.decoded.signingHash, pin);
      this.hear(transfer);
    } catch (problem) {
      // Without an answer the approval may have arrived, and a draft may be another by now: the transfer itself tells.
      if (
        problem instanceof ApiProblem &&
        (problem.status === 0 || problem.status >= 500 || problem.code === "draft_changed")
      ) {
        await this.#look(reviewed, problem);
      } else {
        this.#turn({ at: "review", reviewed, problem });
      }
    }
  }

  /** The transfer has turned, by an event or an answer. */
  hear(transfer: Transfer): void {
    const { state } = this;
    if (state.at !== "approving" || state.reviewed.transfer.id !== transfer.id) return;
    const { reviewed } = state;
    if (transfer.version < reviewed.transfer.version) return;
    if (transfer.approval_error !== null && transfer.state === "drafted") {
      if (transfer.version === reviewed.transfer.version) return;
      // After `draft_expired` and `draft_changed` the draft is another: its own bytes are looked at.
      this.#review(reviewed.check, transfer, refusal(transfer), leavesAtMost(reviewed.decoded));
    } else if (transfer.state !== "drafted" && transfer.state !== "signing") {
      if (transfer.recipient !== null) {
        rememberPayee(this.#me, transfer.recipient.id, transfer.address);
      }
      this.#turn({ at: "sent", transfer });
    }
  }

  async #look(reviewed: Reviewed, problem: ApiProblem): Promise<void> {
    try {
      const transfer = await api("GET /api/v1/transfers/{id}", { path: { id: reviewed.transfer.id } });
      if (transfer.state === "drafted") {
        this.#review(reviewed.check, transfer, problem, leavesAtMost(reviewed.decoded));
      }
      else this.hear(transfer);
    } catch {
      this.#turn({ at: "review", reviewed, problem });
    }
  }

  async #draft(check: TransferCheck): Promise<void> {
    const input = this.#input;
    if (input === null) return;
    this.#turn({ at: "drafting", check });
    const ask = askOf(
      input,
      check.warnings.map(({ code }) => code),
    );
    try {
      const transfer = await this.#make(input, ask);
      this.#review(check, transfer, null);
    } catch (problem) {
      if (isProblem(problem) && problem.status > 0) this.#key = null;
      this.#turn({ at: "compose", problem });
    }
  }

  /**
   * Compare a draft's bytes with what was asked. `agreed`: what may leave at most, where the person has
   * looked at that before; a draft made anew must not cost more.
   */
  #review(
    check: TransferCheck,
    transfer: Transfer,
    problem: ApiProblem | null,
    agreed: Amount | null = null,
  ): void {
    const input = this.#input;
    if (input === null) return;
    const { draft } = transfer;
    if (draft === null) {
      // The same intent was approved already, perhaps in another tab.
      this.#turn({ at: "sent", transfer });
      return;
    }
    const decoded = decodePayment(draft.tx_blob);
    const found =
      typeof decoded === "string"
        ? [decoded]
        : differences(
            {
              from: this.#wallet.address ?? "",
              to: "person" in input.payee ? check.address : input.payee.address,
              tag: "person" in input.payee ? null : input.payee.tag,
              memo: input.memo,
              credentials: draft.credential_ids,
              amount: { value: input.value, asset: input.asset },
              spend: spendOf(input, agreed ?? transfer.spend),
              quoteExpiresAt: transfer.quote_expires_at,
              feeDropsMax: FEE_DROPS_MAX,
              lastLedger: draft.last_ledger,
              signingHash: draft.signing_hash,
            },
            decoded,
          );
    if (typeof decoded === "string" || found.length > 0) {
      cancelTransfer(transfer.id).catch(() => undefined);
      this.#key = null;
      this.#turn({ at: "refused", differences: found });
      return;
    }
    this.#turn({ at: "review", reviewed: { transfer, decoded, check }, problem });
  }

  /** An invitation names its payee, amount and note itself. */
  #make({ pays }: PaymentInput, ask: TransferAsk): Promise<Transfer> {
    const key = this.#keyFor(ask);
    return pays !== undefined && "invitationId" in pays
      ? payInvitation(pays.invitationId, ask.accepted_warnings ?? [], key)
      : makeTransfer(ask, key);
  }

  #keyFor(ask: TransferAsk): string {
    const input = JSON.stringify(ask);
    if (this.#key?.input !== input) this.#key = { input, key: crypto.randomUUID() };
    return this.#key.key;
  }

  #turn(state: PaymentState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** What leaves at most, as it was told; of the asset that was chosen, whatever was told. */
function spendOf({ spendAsset }: PaymentInput, told: Amount): Amount {
  return { value: told.value, asset: spendAsset };
}

function askOf(input: PaymentInput, warnings: string[]): TransferAsk {
  const { payee, value, asset, spendAsset, note, memo, roomId, pays } = input;
  const to =
    "person" in payee
      ? { user_id: payee.person.id }
      : { address: payee.address, destination_tag: payee.tag };
  return {
    ...to,
    amount: { value, asset },
    ...(spendAsset === asset ? {} : { spend_asset: spendAsset }),
    room_id: roomId,
    note,
    memo,
    accepted_warnings: warnings,
    ...(pays === undefined
      ? {}
      : "requestId" in pays
        ? { request_id: pays.requestId }
        : "runId" in pays
          ? { run_id: pays.runId }
          : "settlesRoomId" in pays
            ? { settles_room_id: pays.settlesRoomId }
            : {}),
  };
}

/** A refused approval as a problem, so that one place words it. */
function refusal(transfer: Transfer): ApiProblem {
  const { retry_at: at, tries_left: tries } = transfer;
  const wait = at === null ? null : Math.max(1, Math.ceil((Date.parse(at) - Date.now()) / 1000));
  return new ApiProblem({
    code: transfer.approval_error ?? "pin_wrong",
    status: 403,
    retry_after_s: wait,
    detail: tries === null ? "" : String(tries),
  });
}

/** The payee that was typed, pasted or scanned. */
export function payeeOf(text: string): Payee | null {
  const read = readAddress(text);
  return read === null ? null : { address: read.address, tag: read.tag };
}
