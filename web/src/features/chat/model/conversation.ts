/**
 * One open room: its past, read page by page and kept current by events.
 *
 *     closed → opening → open ⇄ (older: idle | loading | failed)
 *                 ↓        ↓
 *              failed    gone (not, or no longer, for us)
 *
 * Subscription and state are taken so that no change falls between them: events that come while a
 * page is on its way wait, and are applied on top of it; a gap between the two is asked for.
 */
import { isProblem } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { append, emptyHistory, type History, prepend } from "./history";
import { Listeners } from "./listeners";

export type Older = "idle" | "loading" | "failed";

export type ConversationState =
  | { readonly phase: "closed" }
  | { readonly phase: "opening" }
  | { readonly phase: "failed"; readonly error: unknown }
  | { readonly phase: "gone" }
  | { readonly phase: "open"; readonly history: History; readonly older: Older };

export interface EventSource {
  /** Call `then` after `ms`. */
  later(ms: number, then: () => void): unknown;
  /** A page of a room's events, ascending. @throws ApiProblem */
  events(
    roomId: string,
    query: { after?: number; before?: number; limit: number },
  ): Promise<W.RoomEvents>;
}

/** Events of the first page, and of each older one. */
export const PAGE = 60;
const PAGE_MAX = 200;
/** A gap longer than this is not read through; the newest page is read instead. */
const GAP_MAX = 600;
const RETRY_MS = 2_000;
/** An older page that brings fewer messages than this is followed by the next at once. */
const MESSAGES_WANTED = 20;

export class Conversation {
  readonly roomId: string;
  readonly #source: EventSource;
  readonly #listeners: Listeners;
  #state: ConversationState = { phase: "closed" };
  #waiting: W.RoomEvent[] = [];
  #generation = 0;
  #head = 0;
  #filling = false;

  constructor(roomId: string, source: EventSource) {
    this.roomId = roomId;
    this.#source = source;
    this.#listeners = new Listeners((ms, then) => source.later(ms, then));
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.subscribe(listener);

  readonly snapshot = (): ConversationState => this.#state;

  /** Whether somebody is looking. */
  get watched(): boolean {
    return this.#listeners.any;
  }

  /**
   * Read the newest page, and as much before it as is unread.
   *
   * @param head - The newest event known to exist; null where the room is not known yet.
   * @param unreadFrom - My cursor: what comes after it should be there, if it is not too much.
   */
  async open(head: number | null, unreadFrom: number): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const unread = head === null ? 0 : head - unreadFrom;
    const limit = Math.min(PAGE_MAX, Math.max(PAGE, unread + MESSAGES_WANTED));
    const before = head === null ? Number.MAX_SAFE_INTEGER : head + 1;
    this.#turn({ phase: "opening" });
    try {
      const page = await this.#source.events(this.roomId, { before, limit });
      if (generation !== this.#generation) return;
      const { items } = page;
      const last = items.at(-1)?.seq ?? head ?? page.head_seq;
      const complete = items.length < limit || items[0]?.seq === 1;
      const history = prepend(emptyHistory(last), items, complete);
      this.#head = Math.max(this.#head, last, page.head_seq);
      this.#filling = false;
      this.#turn({ phase: "open", history, older: "idle" });
      this.#applyWaiting();
      if (history.messages.length < MESSAGES_WANTED) await this.loadOlder();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (isProblem(error) && (error.status === 404 || error.status === 403)) {
        this.#turn({ phase: "gone" });
      } else this.#turn({ phase: "failed", error });
    }
  }

  /** Events exist up to `seq`, and they may not come by themselves: read what is missing. */
  reach(seq: number): void {
    this.#head = Math.max(this.#head, seq);
    this.#fill();
  }

  /** The next events of the room; what is known already is passed over. */
  apply(events: readonly W.RoomEvent[]): void {
    this.#waiting.push(...events);
    if (this.#state.phase === "open") this.#applyWaiting();
  }

  /** Forget what was read. */
  close(): void {
    this.#generation += 1;
    this.#waiting = [];
    this.#head = 0;
    this.#filling = false;
    this.#turn({ phase: "closed" });
  }

  /** The room is not for us any more. */
  lost(): void {
    this.#generation += 1;
    this.#turn({ phase: "gone" });
  }

  /** Read the page before; does nothing while one is on its way or where there is none. */
  async loadOlder(): Promise<void> {
    let found = 0;
    while (this.#state.phase === "open" && found < MESSAGES_WANTED) {
      const { history, older } = this.#state;
      if (older === "loading" || history.complete) return;
      this.#turn({ ...this.#state, older: "loading" });
      const generation = this.#generation;
      try {
        const page = await this.#source.events(this.roomId, { before: history.from, limit: PAGE });
        const { items } = page;
        const current = this.#stillOpen(generation);
        if (current === null) return;
        const complete = items.length < PAGE || items[0]?.seq === 1;
        const longer = prepend(current.history, items, complete);
        found += longer.messages.length - current.history.messages.length;
        this.#turn({ phase: "open", history: longer, older: "idle" });
      } catch {
        const current = this.#stillOpen(generation);
        if (current !== null) this.#turn({ ...current, older: "failed" });
        return;
      }
    }
  }


  /** The state as it is after an answer: null where the answer is too late to matter. */
  #stillOpen(generation: number) {
    return generation === this.#generation && this.#state.phase === "open" ? this.#state : null;
  }

  #applyWaiting(): void {
    if (this.#state.phase !== "open") return;
    const { history } = this.#state;
    const next: W.RoomEvent[] = [];
    let to = history.to;
    this.#waiting.sort((a, b) => a.seq - b.seq);
    const later: W.RoomEvent[] = [];
    for (const event of this.#waiting) {
      if (event.seq <= to) continue;
      if (event.seq === to + 1) {
        next.push(event);
        to = event.seq;
      } else later.push(event);
    }
    this.#waiting = later;
    if (next.length > 0) this.#turn({ ...this.#state, history: append(history, next) });
    this.#head = Math.max(this.#head, later.at(-1)?.seq ?? 0);
    this.#fill();
  }

  /** Read what lies between the run and the newest event known to exist. */
  #fill(): void {
    if (this.#filling || this.#state.phase !== "open") return;
    const { to } = this.#state.history;
    if (to >= this.#head) return;
    if (this.#head - to > GAP_MAX) {
      void this.open(this.#head, this.#head);
      return;
    }
    this.#filling = true;
    const generation = this.#generation;
    const again = (): void => {
      if (generation !== this.#generation) return;
      this.#filling = false;
      this.#fill();
    };
    this.#source.events(this.roomId, { after: to, limit: PAGE_MAX }).then(
      ({ items }) => {
        if (generation !== this.#generation) return;
        this.#filling = false;
        if (items.length === 0) this.#source.later(RETRY_MS, again);
        else this.apply(items);
      },
      () => this.#source.later(RETRY_MS, again),
    );
  }

  #turn(state: ConversationState): void {
    this.#state = state;
    this.#listeners.tell();
  }
}
