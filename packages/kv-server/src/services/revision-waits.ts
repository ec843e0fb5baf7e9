import { ErrorCode } from "@raftkv/proto/kv";
import type { Clock } from "@raftkv/raft-core";
import type { KvLimits } from "../limits.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import { KvFailure } from "./kv-failure.ts";
import type { ReadGate } from "./read-gate.ts";

interface RevisionWaitsOptions {
  readonly state: Pick<KvStateMachine, "revision" | "onApplied">;
  readonly gate: ReadGate;
  readonly clock: Clock;
  readonly limits: Pick<KvLimits, "maxRevisionWaits" | "maxRevisionWaitMs">;
}

/** What is known, while a read waits, of where the cluster is. */
interface Known {
  /** The cluster's revision, or a later one, when it was asked; undefined: no answer yet. */
  revision: number | undefined;
}

/** One for all: it costs more than the wait to make one. */
const waitIsOver = new Error("the wait is over");

/** Reads that must see at least a given revision of the store, which this node may not have applied yet. */
export class RevisionWaits {
  readonly #options: RevisionWaitsOptions;
  #waiting = 0;

  constructor(options: RevisionWaitsOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the state is at `revision`. Meanwhile the leader is asked what is committed, so that a node that is
   * behind need not wait for the next news. Rejects with a `KvFailure` FUTURE_REVISION if the cluster itself was not there
   * yet and nothing came of it within `maxRevisionWaitMs` or until `signal` was aborted; else as the read index does, or
   * with the signal's reason.
   */
  async reached(revision: number, signal: AbortSignal): Promise<void> {
    const { state, gate, limits } = this.#options;
    if (state.revision() >= revision) return;
    if (this.#waiting >= limits.maxRevisionWaits) throw new KvFailure(tooMany(this.#waiting));
    this.#waiting++;
    const ended = new AbortController();
    const known: Known = { revision: undefined };
    const aborted = () => ended.abort(signal.reason);
    try {
      const reached = this.#whenReached(revision, known, signal, ended.signal);
      if (signal.aborted) aborted();
      signal.addEventListener("abort", aborted, { once: true });
      const asked = gate.pass(ended.signal).then(() => {
        known.revision = state.revision();
      });
      // Whichever comes first; what is known by then decides what a failure means.
      asked.catch(() => undefined);
      await Promise.race([reached, asked.then(() => reached)]);
    } finally {
      this.#waiting--;
      signal.removeEventListener("abort", aborted);
      ended.abort(waitIsOver);
    }
  }

  #whenReached(revision: number, known: Known, signal: AbortSignal, ended: AbortSignal): Promise<void> {
    const { state, clock, limits } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (otherwise: unknown) =>
      reject(known.revision === undefined ? otherwise : new KvFailure(future(revision, state.revision())));
    const aborted = () => fail(signal.reason);
    const unsubscribe = state.onApplied(() => {
      if (state.revision() >= revision) resolve();
    });
    const timer = clock.setTimer(limits.maxRevisionWaitMs, () => fail(new KvFailure(notLearned(revision))));
    signal.addEventListener("abort", aborted, { once: true });
    ended.addEventListener("abort", () => {
      unsubscribe();
      timer.cancel();
      signal.removeEventListener("abort", aborted);
    });
    return promise;
  }
}

function future(asked: number, revision: number) {
  return {
    code: ErrorCode.FUTURE_REVISION,
    message: `revision ${asked} was asked for, and the cluster is at ${revision}: nothing with that revision has been written`,
  };
}

function notLearned(asked: number) {
  return {
    code: ErrorCode.NO_LEADER,
    message: `revision ${asked} is not here, and no leader says whether it exists: try another node`,
  };
}

function tooMany(waiting: number) {
  return {
    code: ErrorCode.RESOURCE_EXHAUSTED,
    message: `${waiting} reads wait for later revisions already: back off, then try again`,
  };
}
