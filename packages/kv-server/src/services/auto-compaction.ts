import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema } from "@raftkv/proto/kv";
import type { Clock, Consensus, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";

/** How much history is kept. */
export interface HistoryPolicy {
  /** Revisions at least so old are compacted, in milliseconds, since this node leads. */
  readonly maxAgeMs: number;
  /** At most so many revisions are kept, whatever their age, and what is written in ten seconds on top. */
  readonly maxRevisions: number;
}

export const DEFAULT_HISTORY_POLICY: HistoryPolicy = { maxAgeMs: 10 * 60_000, maxRevisions: 1_000_000 };

export interface AutoCompactionOptions {
  readonly policy: HistoryPolicy;
  readonly consensus: Pick<Consensus<unknown>, "propose">;
  readonly state: Pick<KvStateMachine, "earliestRevision" | "keepsHistory" | "revision" | "clusterClock">;
  readonly clock: Clock;
}

/** How finely age is told, as parts of the greatest age. */
const STEPS = 10;
/** However great that is: revisions are counted so often. */
const LONGEST_INTERVAL_MS = 10_000;

/** Compacts by age and by count, for as long as this node leads. A new leader begins to count the age anew. */
export class AutoCompaction {
  readonly #options: AutoCompactionOptions;
  #term: Term | undefined;
  /** When which revision was the present one, oldest first. */
  #seen: { readonly revision: number; readonly atMs: number }[] = [];

  constructor(options: AutoCompactionOptions) {
    this.#options = options;
  }

  get intervalMs(): number {
    return Math.min(Math.max(1_000, this.#stepMs), LONGEST_INTERVAL_MS);
  }

  get #stepMs(): number {
    return this.#options.policy.maxAgeMs / STEPS;
  }

  async round(term: Term): Promise<void> {
    const { consensus, state } = this.#options;
    if (!state.keepsHistory()) return;
    const revision = this.#revisionToKeep(term);
    if (revision <= state.earliestRevision()) return;
    const batch = create(CommandBatchSchema, {
      operations: [{ operation: { case: "compact", value: { revision: BigInt(revision) } } }],
    });
    const payload = encodeEnvelope(state.clusterClock.stampMs(term), toBinary(CommandBatchSchema, batch));
    await consensus.propose(payload);
  }

  #revisionToKeep(term: Term): number {
    const { policy, state, clock } = this.#options;
    if (term !== this.#term) this.#seen = [];
    this.#term = term;
    const nowMs = clock.now();
    const revision = state.revision();
    const last = this.#seen.at(-1);
    if (last === undefined || nowMs - last.atMs >= this.#stepMs) this.#seen.push({ revision, atMs: nowMs });
    const old = this.#seen.filter(({ atMs }) => atMs <= nowMs - policy.maxAgeMs);
    // The last of them is still the oldest that is known when the next round comes.
    if (old.length > 1) this.#seen.splice(0, old.length - 1);
    return Math.max(old.at(-1)?.revision ?? 0, revision - policy.maxRevisions);
  }
}
