import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema } from "@raftkv/proto/kv";
import type { Clock, Consensus, Term, Timer } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { ApplyResult } from "../state/answer.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Leadership } from "./leadership.ts";

export interface LeaseExpiryOptions {
  readonly leadership: Leadership;
  readonly consensus: Pick<Consensus<ApplyResult>, "propose">;
  readonly state: Pick<
    KvStateMachine,
    "clusterClock" | "clusterTimeMs" | "firstLeaseDeadlineMs" | "takeSoonestLeaseDeadlineMs" | "onApplied"
  >;
  readonly clock: Clock;
}

/** After a proposal that came to nothing. */
const RETRY_MS = 100;
/** Between two entries that end leases. */
const LONGEST_TURN_MS = 200;
/** See `#checkpointMs`. */
const SHORTEST_CHECKPOINT_MS = 500;
const LONGEST_CHECKPOINT_MS = 10_000;

/**
 * Ends leases that are over, while this node leads: by entries, which do it on every node alike, one after the other. Sleeps
 * until the next deadline, and does nothing at all while there are no leases.
 */
export class LeaseExpiry {
  readonly #options: LeaseExpiryOptions;
  readonly #unsubscribe: readonly (() => void)[];
  #reign: { readonly term: Term } | undefined;
  #sleep: Sleep | undefined;

  constructor(options: LeaseExpiryOptions) {
    this.#options = options;
    const { leadership, state } = options;
    this.#unsubscribe = [
      leadership.onChange(({ ledTerm }) => this.#follow(ledTerm)),
      state.onApplied(() => this.#hear()),
    ];
    this.#follow(leadership.view().ledTerm);
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#follow(undefined);
  }

  #follow(term: Term | undefined): void {
    if (term === this.#reign?.term) return;
    this.#reign = term === undefined ? undefined : { term };
    this.#sleep?.end();
    void this.#rule();
  }

  async #rule(): Promise<void> {
    const reign = this.#reign;
    if (reign === undefined) return;
    while (this.#reign === reign) {
      const done = await this.#round(reign.term, () => this.#reign === reign).catch(() => false);
      if (!done && this.#reign === reign) await this.#sleepFor(RETRY_MS, Number.NEGATIVE_INFINITY);
    }
  }

  /** Sleeps until there is something to do, or does it. False: it came to nothing. */
  async #round(term: Term, stillLeads: () => boolean): Promise<boolean> {
    const { state } = this.#options;
    // Deadlines that are set from here on are heard of; those from before are in the state.
    state.takeSoonestLeaseDeadlineMs();
    const first = (await state.firstLeaseDeadlineMs()) ?? Number.POSITIVE_INFINITY;
    if (!stillLeads()) return true;
    const soonestMs = Math.min(first, state.takeSoonestLeaseDeadlineMs());
    const leftMs = Math.min(soonestMs, this.#checkpointMs(soonestMs)) - state.clusterClock.stampMs(term);
    if (leftMs <= 0) return this.#expire(term, stillLeads);
    await this.#sleepFor(leftMs, soonestMs);
    return true;
  }

  /**
   * When an entry has to say what time it is, whether or not a lease is over.
   *
   * What a new leader knows of the time is what the last entry says: all that has passed since does not count, and leases live
   * longer by it. So while there are leases an entry says it every now and then: a change of leader costs
   * a quarter of the time that was left at the most, or half a second, and never more than ten.
   */
  #checkpointMs(soonestMs: number): number {
    if (soonestMs === Number.POSITIVE_INFINITY) return soonestMs;
    const knownMs = this.#options.state.clusterTimeMs();
    const quarter = (soonestMs - knownMs) / 4;
    const atMs = knownMs + Math.min(Math.max(SHORTEST_CHECKPOINT_MS, quarter), LONGEST_CHECKPOINT_MS);
    // Shortly before the deadline it would gain nothing.
    return soonestMs - atMs < SHORTEST_CHECKPOINT_MS / 2 ? soonestMs : atMs;
  }

  /** Where many are over, others have their turn for as long as each entry has taken. */
  async #expire(term: Term, stillLeads: () => boolean): Promise<boolean> {
    const { consensus, state, clock } = this.#options;
    for (;;) {
      const startedMs = clock.now();
      const result = await consensus.propose(encodeEnvelope(state.clusterClock.stampMs(term), EXPIRE));
      const answer = result.kind === "answers" ? result.answers[0] : undefined;
      if (answer?.kind !== "expireLeases") return false;
      if (!answer.more) return true;
      await this.#sleepFor(Math.min(clock.now() - startedMs, LONGEST_TURN_MS), Number.NEGATIVE_INFINITY);
      if (!stillLeads()) return true;
    }
  }

  /** Wakes sooner for a deadline before `deadlineMs`. */
  async #sleepFor(ms: number, deadlineMs: number): Promise<void> {
    const sleep = new Sleep(this.#options.clock, ms, deadlineMs);
    this.#sleep = sleep;
    await sleep.ended;
    if (this.#sleep === sleep) this.#sleep = undefined;
  }

  #hear(): void {
    if (this.#sleep === undefined) return;
    if (this.#options.state.takeSoonestLeaseDeadlineMs() < this.#sleep.deadlineMs) this.#sleep.end();
  }
}

class Sleep {
  /** In cluster time. */
  readonly deadlineMs: number;
  readonly ended: Promise<void>;
  readonly #resolve: () => void;
  readonly #timer: Timer | undefined;

  constructor(clock: Clock, ms: number, deadlineMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.deadlineMs = deadlineMs;
    this.ended = promise;
    this.#resolve = resolve;
    // Without leases there is no time to wake up at.
    this.#timer = ms === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(Math.ceil(ms), resolve);
  }

  end(): void {
    this.#timer?.cancel();
    this.#resolve();
  }
}

const EXPIRE = toBinary(
  CommandBatchSchema,
  create(CommandBatchSchema, { operations: [{ operation: { case: "expireLeases", value: {} } }] }),
);
