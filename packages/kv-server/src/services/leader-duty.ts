import type { Clock, Term, Timer } from "@raftkv/raft-core";
import type { Leadership } from "./leadership.ts";

export interface LeaderDutyOptions {
  readonly leadership: Leadership;
  readonly clock: Clock;
  /** Between the end of one round and the next. */
  readonly intervalMs: number;
  /** One round. Rejects with the signal's reason once this node does not lead that term any more. */
  readonly round: (term: Term, signal: AbortSignal) => Promise<void>;
}

/** Something that whoever leads does every now and then, from the moment at which it leads. */
export class LeaderDuty {
  readonly #options: LeaderDutyOptions;
  readonly #unsubscribe: () => void;
  #reign: { readonly term: Term; readonly end: AbortController } | undefined;
  #timer: Timer | undefined;

  constructor(options: LeaderDutyOptions) {
    this.#options = options;
    const { leadership } = options;
    this.#unsubscribe = leadership.onChange(({ ledTerm }) => this.#follow(ledTerm));
    this.#follow(leadership.view().ledTerm);
  }

  close(): void {
    this.#unsubscribe();
    this.#follow(undefined);
  }

  #follow(term: Term | undefined): void {
    if (term === this.#reign?.term) return;
    this.#reign?.end.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#reign = term === undefined ? undefined : { term, end: new AbortController() };
    void this.#round();
  }

  /** A round that fails is made up for by the next. */
  async #round(): Promise<void> {
    const reign = this.#reign;
    if (reign === undefined) return;
    const { clock, intervalMs, round } = this.#options;
    await round(reign.term, reign.end.signal).catch(() => undefined);
    if (this.#reign === reign) this.#timer = clock.setTimer(intervalMs, () => void this.#round());
  }
}
