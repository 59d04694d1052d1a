/**
 * One WebSocket kept alive, as a state machine.
 *
 *     off → connecting → greeting → live
 *            ↑    ↘        ↓         ↓
 *            └── waiting ←─┴─────────┤        offline: the device says it has no network
 *                                    ↘ off    stop() was called
 *
 * It says `hello` with the caller's position, beats every `heartbeat_s`, holds a socket for dead
 * when nothing is heard in answer to a beat, and knocks again with jitter. Questions (`ask`) are
 * answered by correlation id; they fail at once when the socket is lost, and whoever asked decides
 * whether to ask again. Time, chance and the socket are handed in.
 */
import { backoffMs } from "./backoff";
import type { Asks, AskType, AnswerTo, ServerFrame, Tells } from "./frames";
import { NotAFrame, parseFrame } from "./frames";
import type * as W from "@/lib/wire";

/** How long an answer may take before the question counts as failed. */
const ANSWER_MS = 10_000;
/** How long a socket may take to open and to welcome us. */
const GREETING_MS = 10_000;
/** How long a socket that should be alive may stay silent after a beat. */
const SILENCE_MS = 8_000;
/** The same when we have a reason to doubt: the page came back, the network changed. */
const DOUBT_MS = 3_000;
/** A timer later than this means that the page slept; what it would have judged is void. */
const SLEPT_MS = 2_000;
/** Close code of a session that has ended (`talktalk.realtime.protocol.Close`). */
const NOT_SIGNED_IN = 4401;
/** Failures in a row after which the session itself is asked about. */
const SUSPECT_AFTER = 2;

export type Link =
  | { kind: "off" }
  | { kind: "offline" }
  | { kind: "connecting"; tries: number }
  | { kind: "greeting"; tries: number }
  | { kind: "live"; since: number }
  | { kind: "waiting"; tries: number; until: number };

/** The part of `WebSocket` that is used. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** The world outside. */
export interface Surroundings {
  open(): SocketLike;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Call `then` after `ms`; the answer calls it off. */
  later(ms: number, then: () => void): () => void;
  /** 0 ≤ x < 1. */
  random(): number;
  /** What the device says about its network. False is believed, true is not. */
  online(): boolean;
}

/** Who is told. */
export interface Owner {
  /** What to say in `hello`; null where the state has not been read yet. */
  position(): W.Position | null;
  /** Connected. Pushes follow in order. */
  welcomed(welcome: W.Welcome, resumed: boolean): void;
  /** A frame that answers no question, and every `heads`. */
  pushed(frame: ServerFrame): void;
  changed(link: Link): void;
  /** The server does not let us in: the session may have ended. */
  suspectSession(): void;
}

/** A question was not answered as hoped; `code` is the server's, or `disconnected` or `timeout`. */
export class AskFailed extends Error {
  override readonly name = "AskFailed";
  constructor(
    readonly code: string,
    readonly detail = "",
    readonly retryAfterS: number | null = null,
  ) {
    super(detail === "" ? code : `${code}: ${detail}`);
  }
}

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: AskFailed) => void;
  disarm: () => void;
}

export class Connection {
  readonly #world: Surroundings;
  readonly #owner: Owner;
  readonly #asked = new Map<string, Waiting>();
  #link: Link = { kind: "off" };
  #socket: SocketLike | null = null;
  readonly #timers = new Set<() => void>();
  #tries = 0;
  #nextId = 1;
  /** Frames heard so far, whatever they say. */
  #heard = 0;
  #beating = false;

  constructor(world: Surroundings, owner: Owner) {
    this.#world = world;
    this.#owner = owner;
  }

  get link(): Link {
    return this.#link;
  }

  start(): void {
    if (this.#link.kind !== "off") return;
    this.#tries = 0;
    this.#connect();
  }

  stop(): void {
    this.#hangUp("disconnected");
    this.#turn({ kind: "off" });
  }

  /** The device's network or the page's visibility changed: look whether the link still stands. */
  nudge(): void {
    if (this.#link.kind === "off") return;
    if (!this.#world.online()) {
      if (this.#link.kind === "offline") return;
      this.#hangUp("disconnected");
      this.#turn({ kind: "offline" });
    } else if (this.#link.kind === "live") {
      this.#beat(DOUBT_MS);
    } else if (this.#link.kind === "offline" || this.#link.kind === "waiting") {
      this.#tries = 0;
      this.#connect();
    }
  }

  /**
   * Ask and await the answer.
   *
   * @throws AskFailed — the server refused, the socket was lost (`disconnected`), or no answer came
   *   in time (`timeout`). After the last two, whether the server acted is not known.
   */
  ask<A extends AskType>(t: A, d: Asks[A]["d"], timeoutMs = ANSWER_MS): Promise<AnswerTo<A>> {
    const live = this.#link.kind === "live" || (this.#link.kind === "greeting" && t === "hello");
    if (!live || this.#socket === null) return Promise.reject(new AskFailed("disconnected"));
    const id = String(this.#nextId++);
    const answer = new Promise<AnswerTo<A>>((resolve, reject) => {
      const disarm = this.#world.later(timeoutMs, () => {
        this.#asked.delete(id);
        reject(new AskFailed("timeout"));
      });
      this.#asked.set(id, { resolve, reject, disarm });
    });
    this.#socket.send(JSON.stringify({ t, id, d }));
    return answer;
  }

  /** Say something nobody answers; lost without trace when not connected. */
  tell<T extends keyof Tells>(t: T, d: Tells[T]): void {
    if (this.#link.kind === "live") this.#socket?.send(JSON.stringify({ t, d }));
  }

  #turn(link: Link): void {
    this.#link = link;
    this.#owner.changed(link);
  }

  /** Call `then` after `ms`, unless this socket is given up before. */
  #after(ms: number, then: () => void): void {
    const disarm = this.#world.later(ms, () => {
      this.#timers.delete(disarm);
      then();
    });
    this.#timers.add(disarm);
  }

  /** Call `judge` after `ms`, unless the timer comes so late that there is nothing to judge. */
  #deadline(ms: number, judge: () => void): void {
    const due = this.#world.now() + ms;
    this.#after(ms, () => {
      if (this.#world.now() - due > SLEPT_MS) this.#overslept();
      else judge();
    });
  }

  /** The page was frozen: frames may be waiting behind this timer, so ask before judging. */
  #overslept(): void {
    if (this.#link.kind === "live") {
      this.#beating = false;
      this.#beat(DOUBT_MS);
    } else this.#fail();
  }

  #connect(): void {
    this.#hangUp("disconnected");
    if (!this.#world.online()) {
      this.#turn({ kind: "offline" });
      return;
    }
    const socket = this.#world.open();
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#socket === socket) this.#greet();
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      if (code === NOT_SIGNED_IN) this.#owner.suspectSession();
      this.#fail();
    };
    this.#deadline(GREETING_MS, () => this.#fail());
    this.#turn({ kind: "connecting", tries: this.#tries });
  }

  #greet(): void {
    this.#turn({ kind: "greeting", tries: this.#tries });
    const position = this.#owner.position();
    const socket = this.#socket;
    this.ask("hello", { position }, GREETING_MS).then(
      (welcome) => {
        if (this.#socket === socket) this.#welcome(welcome, position !== null);
      },
      () => {
        if (this.#socket === socket) this.#fail();
      },
    );
  }

  #welcome(welcome: W.Welcome, resumed: boolean): void {
    this.#disarm();
    this.#tries = 0;
    this.#turn({ kind: "live", since: this.#world.now() });
    this.#owner.welcomed(welcome, resumed);
    const everyMs = welcome.heartbeat_s * 1000;
    const again = (): void => {
      this.#beat(SILENCE_MS);
      this.#after(everyMs, again);
    };
    this.#after(everyMs, again);
  }

  /** Ask for a sign of life; hold the socket for dead when none of any kind comes. */
  #beat(patienceMs: number): void {
    if (this.#link.kind !== "live") return;
    const socket = this.#socket;
    const heard = this.#heard;
    if (!this.#beating) {
      this.#beating = true;
      const done = (): void => {
        if (this.#socket === socket) this.#beating = false;
      };
      this.ask("beat", {}).then((heads) => {
        if (this.#socket === socket) this.#owner.pushed({ t: "heads", id: null, d: heads });
        done();
      }, done);
    }
    this.#deadline(patienceMs, () => {
      if (this.#heard === heard) this.#fail();
    });
  }

  #receive(data: unknown): void {
    let frame: ServerFrame | null;
    try {
      frame = parseFrame(typeof data === "string" ? data : "");
    } catch (error) {
      if (!(error instanceof NotAFrame)) throw error;
      this.#fail();
      return;
    }
    this.#heard += 1;
    if (frame === null) return;
    if (frame.t === "bye") {
      this.#dismissed(frame.d);
      return;
    }
    const waiting = frame.id === null ? undefined : this.#asked.get(frame.id);
    if (frame.id === null || waiting === undefined) {
      // An answer whose question was given up is nobody's; its events come again by position.
      if (frame.id === null) this.#owner.pushed(frame);
      return;
    }
    this.#asked.delete(frame.id);
    waiting.disarm();
    if (frame.t === "error") {
      waiting.reject(new AskFailed(frame.d.code, frame.d.detail, frame.d.retry_after_s));
    } else waiting.resolve(frame.d as never);
  }

  #dismissed(bye: W.Bye): void {
    this.#hangUp("disconnected");
    this.#tries = 1;
    if (bye.code === "not_signed_in") this.#owner.suspectSession();
    this.#wait(bye.retry_after_s * 1000 + backoffMs(1, () => this.#world.random()));
  }

  /** This socket is of no more use. */
  #fail(): void {
    this.#hangUp("disconnected");
    this.#tries += 1;
    if (this.#tries === SUSPECT_AFTER) this.#owner.suspectSession();
    if (this.#world.online()) this.#wait(backoffMs(this.#tries, () => this.#world.random()));
    else this.#turn({ kind: "offline" });
  }

  #wait(ms: number): void {
    this.#after(ms, () => this.#connect());
    this.#turn({ kind: "waiting", tries: this.#tries, until: this.#world.now() + ms });
  }

  #disarm(): void {
    for (const disarm of this.#timers) disarm();
    this.#timers.clear();
  }

  #hangUp(code: string): void {
    this.#disarm();
    this.#beating = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const waiting of asked) {
      waiting.disarm();
      waiting.reject(new AskFailed(code));
    }
  }
}
