import type { ErrorDetail } from "@raftkv/proto/kv";
import type { Connection, ExchangeAnswer } from "./connection.ts";
import { encodeOpenSession } from "./write-request.ts";

export type SessionState =
  | { readonly kind: "none" }
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly id: number }
  /** The cluster does not know it any more; it stays so until what was sent under it has been seen to. */
  | { readonly kind: "ended" };

export interface SessionHandlers {
  opened(): void;
  /** Undefined: the answer made no sense. There is no session. */
  refused(detail: ErrorDetail | undefined): void;
}

/**
 * The session that a client's writes stand in, so that the cluster can tell a repeated one from a new one. Opened by the
 * first write. If the answer to the opening is lost, another is opened: nothing was written under the first, which expires.
 */
export class Session {
  readonly #connection: Connection;
  readonly #ttlMs: number;
  readonly #handlers: SessionHandlers;
  #state: SessionState = { kind: "none" };
  #nextSequence = 1;

  constructor(connection: Connection, ttlMs: number, handlers: SessionHandlers) {
    this.#connection = connection;
    this.#ttlMs = ttlMs;
    this.#handlers = handlers;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The first of so many sequences, which are never given out again in this session. */
  takeSequences(count: number): number {
    const first = this.#nextSequence;
    this.#nextSequence += count;
    return first;
  }

  /** Only while connected and without a session. */
  open(): void {
    this.#state = { kind: "opening" };
    const value = encodeOpenSession(this.#ttlMs);
    this.#connection.send({ case: "commandBatch", value }, (answer) => this.#answered(answer));
  }

  disconnected(): void {
    if (this.#state.kind === "opening") this.#state = { kind: "none" };
  }

  end(): void {
    this.#state = { kind: "ended" };
  }

  forget(): void {
    this.#state = { kind: "none" };
  }

  #answered(answer: ExchangeAnswer): void {
    this.#state = { kind: "none" };
    const result = answer.case === "results" ? answer.value.results[0]?.result : answer;
    if (result?.case !== "openSession") {
      this.#handlers.refused(result?.case === "error" ? result.value : undefined);
      return;
    }
    this.#state = { kind: "open", id: Number(result.value.sessionId) };
    this.#nextSequence = 1;
    this.#connection.served();
    this.#handlers.opened();
  }
}
