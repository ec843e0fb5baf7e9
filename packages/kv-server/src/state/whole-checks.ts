import type { Clock, Index } from "@raftkv/raft-core";
import type { ApplyResult } from "./answer.ts";
import { CheckedRows, type CheckedState } from "./checked-rows.ts";
import type { Merger, PinnedView } from "./merger.ts";
import { superfluousRows } from "./superfluous-rows.ts";

/** What became of the check that an entry began. */
export type CheckResult =
  /** The entry has not been applied here yet. */
  | { readonly stage: "waiting" }
  | { readonly stage: "running"; readonly bytesRead: number }
  | { readonly stage: "done"; readonly checked: CheckedState }
  /** Nobody here can tell any more, or ever could: the state came from others, or another check was under way. */
  | { readonly stage: "missed" }
  /** The engine still held what compaction had made superfluous: how much of that is a node's own affair. */
  | { readonly stage: "compacting" };

interface Check {
  readonly index: Index;
  bytesRead: number;
  result: Exclude<CheckResult, { stage: "waiting" | "running" }> | undefined;
}

/** So many rows are hashed in one go, or about 1 MiB of them. */
const SLICE_ROWS = 1_000;
/** So many results are kept, the last ones. */
const KEPT = 4;

/**
 * Hashes the whole state as of entries of the log that ask for it: what the engine really holds, read row by row, each node for
 * itself and in the background. It takes turns with everything else: it rests for as long as it has worked.
 */
export class WholeChecks {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  readonly #checks: Check[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  #wake = () => {};
  #lastBegunMs: number;

  /** `nowMs`: cluster time. */
  constructor(clock: Clock, nowMs: number) {
    this.#clock = clock;
    this.#lastBegunMs = nowMs;
  }

  /** When a check was begun last, in cluster time; of those that this process knows of. At first, when it began. */
  get lastBegunMs(): number {
    return this.#lastBegunMs;
  }

  /** The entry whose check is under way. */
  get runningIndex(): Index | undefined {
    return this.#running === undefined ? undefined : this.#checks.at(-1)?.index;
  }

  /** The last state that was checked as a whole. */
  get last(): CheckedState | undefined {
    const done = this.#checks.findLast(({ result }) => result?.stage === "done")?.result;
    return done?.stage === "done" ? done.checked : undefined;
  }

  result(index: Index, appliedIndex: Index): CheckResult {
    const check = this.#checks.findLast((one) => one.index === index);
    if (check !== undefined) return check.result ?? { stage: "running", bytesRead: check.bytesRead };
    return index > appliedIndex ? { stage: "waiting" } : { stage: "missed" };
  }

  /** Calls back when a check is done. Returns what ends the subscription. */
  onDone(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * An entry was applied, with that result, and nothing after it; where it asks for a check, one begins. `pin` has the engine come to
   * exactly there; resolves once more may be applied. One check at a time: this one is missed where another is under way.
   */
  async applied(result: ApplyResult | undefined, nowMs: number, pin: () => ReturnType<Merger["pin"]>): Promise<void> {
    const answer = result?.kind === "answers" ? result.answers[0] : undefined;
    if (answer?.kind !== "checkState") return;
    const { index } = answer;
    this.#lastBegunMs = nowMs;
    if (this.#running !== undefined || this.#closed) return;
    const check: Check = { index, bytesRead: 0, result: undefined };
    this.#checks.push(check);
    if (this.#checks.length > KEPT) this.#checks.shift();
    const { pinned } = await pin();
    this.#running = this.#run(check, pinned);
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
  }

  async #run(check: Check, pinned: Promise<PinnedView>): Promise<void> {
    try {
      await this.#read(check, await pinned);
    } catch {
      // The engine has failed, and says so itself.
    }
    check.result ??= { stage: "missed" };
    this.#running = undefined;
    for (const listener of this.#listeners) listener();
  }

  async #read(check: Check, { view, meta }: PinnedView): Promise<void> {
    try {
      const superfluous = await superfluousRows(view, meta);
      if (superfluous === undefined) {
        check.result = { stage: "compacting" };
        return;
      }
      const rows = new CheckedRows(check.index, meta, superfluous);
      let begunMs = this.#clock.now();
      for await (const batch of view.rows()) {
        for (let from = 0; from < batch.length; from += SLICE_ROWS) {
          if (this.#closed) return;
          rows.add(batch.slice(from, from + SLICE_ROWS));
          check.bytesRead = rows.bytes;
          await this.#rest(this.#clock.now() - begunMs);
          begunMs = this.#clock.now();
        }
      }
      check.result = { stage: "done", checked: rows.finish() };
    } finally {
      await view.close();
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(Math.ceil(ms), resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
