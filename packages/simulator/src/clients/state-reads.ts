import type { ReadConsistency } from "@raftkv/kv-client";
import type { Index } from "@raftkv/raft-core";
import { assertPromised } from "../history/replay/assert-promised.ts";
import { checkStateReads } from "../history/replay/check-state-reads.ts";
import type { StateAnswer, StateBounds, StateCall, StateRead } from "../history/replay/state-read.ts";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Acknowledged } from "./acknowledged.ts";

/** What a read must show. */
export interface StateNeeds {
  readonly consistency: ReadConsistency;
  /** 0: any. */
  readonly minRevision: number;
  readonly maxStalenessMs: number | undefined;
}

/** Somewhere to ask. Undefined: there was no answer. Rejects where there was one that must not be. */
export interface StateSource {
  ask(call: StateCall, needs: StateNeeds): Promise<StateAnswer | undefined>;
}

interface StateReadsOptions {
  readonly scheduler: Pick<Scheduler, "nowMs">;
  readonly acknowledged: Acknowledged;
  /** Up to here, somebody calls the log committed. */
  readonly lastCommitted: () => Index;
  /** The rate of the slowest clock of a node that there may be. */
  readonly slowestClock: number;
}

type Recorded = Omit<StateRead, "bounds"> & {
  readonly bounds: Omit<StateBounds, "atMost" | "mayBeCompacted">;
  /** Undefined as long as time has not moved since: what is answered in the middle of a turn is called committed after it. */
  lastCommitted: Index | undefined;
};

/** Reads of the store's state, present and past, with what each promised when it was asked for. */
export class StateReads {
  readonly #options: StateReadsOptions;
  readonly #reads: Recorded[] = [];
  /** Those of `#reads` whose `lastCommitted` is not known yet. */
  #unsettled: Recorded[] = [];
  #compacted = 0;

  constructor(options: StateReadsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#reads.length;
  }

  /** The compaction of history up to here has been acknowledged. */
  get compacted(): number {
    return this.#compacted;
  }

  async perform(
    client: string,
    call: StateCall,
    needs: StateNeeds,
    source: StateSource,
  ): Promise<StateAnswer | undefined> {
    const { scheduler, acknowledged } = this.#options;
    this.#settle();
    const calledAt = scheduler.nowMs;
    const bounds = this.#boundsOf(call, needs);
    const answer = await source.ask(call, needs);
    if (answer === undefined) return undefined;
    const read = { client, calledAt, answeredAt: scheduler.nowMs, call, answer, bounds, lastCommitted: undefined };
    this.#reads.push(read);
    this.#unsettled.push(read);
    if (answer.kind === "entries" || answer.kind === "writes") acknowledged.note(answer.revision ?? 0);
    if (answer.kind === "done" && call.kind === "compact") this.#compacted = Math.max(this.#compacted, call.revision);
    return answer;
  }

  /** Throws a `BrokenHistory` where an answer is not what it promised. */
  check(history: StoreHistory): void {
    const now = this.#options.lastCommitted();
    const reads = this.#reads.map(({ bounds, lastCommitted = now, ...read }): StateRead => {
      const { revision, earliest } = history.at(lastCommitted);
      return { ...read, bounds: { ...bounds, atMost: revision, mayBeCompacted: earliest } };
    });
    assertPromised(checkStateReads(history.replay, reads));
  }

  #settle(): void {
    const { scheduler, lastCommitted } = this.#options;
    const settled = this.#unsettled.filter(({ answeredAt }) => answeredAt < scheduler.nowMs);
    for (const read of settled) read.lastCommitted = lastCommitted();
    if (settled.length > 0) this.#unsettled = this.#unsettled.filter((read) => read.lastCommitted === undefined);
  }

  #boundsOf(call: StateCall, { consistency, minRevision, maxStalenessMs }: StateNeeds): Recorded["bounds"] {
    const { scheduler, acknowledged, slowestClock } = this.#options;
    const known = acknowledged.latest;
    if (call.kind === "compact" || consistency !== "serializable") {
      return { atLeast: Math.max(known, minRevision), known, compacted: this.#compacted };
    }
    const fresh = maxStalenessMs === undefined ? 1 : acknowledged.by(scheduler.nowMs - maxStalenessMs / slowestClock);
    return { atLeast: Math.max(fresh, minRevision), known, compacted: 0 };
  }
}
