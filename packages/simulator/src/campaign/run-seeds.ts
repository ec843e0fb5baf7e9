import { Worker } from "node:worker_threads";
import type { Theme } from "../plan/plan.ts";
import { nextSeedOn } from "../plan/theme-of.ts";
import type { RunSummary, WorkerTask } from "./run-summary.ts";

export interface SeedsOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  /** Threads that share the work. */
  readonly workers: number;
  /** Seeds of other runs are passed over; undefined: none are. */
  readonly theme?: Theme | undefined;
  /** Whether clients send hundreds of operations at a time; not unless told. */
  readonly dense?: boolean;
  /** Asked before each run begins, with those that are done: false ends the campaign after those under way. */
  readonly goesOn: (done: readonly RunSummary[]) => boolean;
}

/**
 * Runs seed after seed on several threads, until all are done or one has failed. Resolves with what was run, ascending by
 * seed. Which thread runs a seed makes no difference to it.
 */
export async function runSeeds(options: SeedsOptions): Promise<readonly RunSummary[]> {
  const { firstSeed, seeds, steps, workers, theme, dense = false, goesOn } = options;
  const summaries: RunSummary[] = [];
  let next = firstSeed;
  let left = seeds;
  let hasFailed = false;
  const takeTask = (): WorkerTask | undefined => {
    if (left === 0 || hasFailed || !goesOn(summaries)) return undefined;
    left--;
    if (theme !== undefined) next = nextSeedOn(theme, next);
    return { seed: next++, steps, dense };
  };
  const done = (summary: RunSummary) => {
    summaries.push(summary);
    hasFailed ||= summary.failure !== undefined;
  };
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, () => work(takeTask, done)));
  return summaries.sort((a, b) => a.seed - b.seed);
}

function work(takeTask: () => WorkerTask | undefined, done: (summary: RunSummary) => void): Promise<void> {
  const worker = new Worker(new URL("./campaign-worker.ts", import.meta.url));
  let task: WorkerTask | undefined;
  return new Promise((resolve, reject) => {
    const takeNext = () => {
      task = takeTask();
      if (task === undefined) worker.terminate().then(() => resolve(), reject);
      else worker.postMessage(task);
    };
    worker.on("error", (error) => reject(new Error(`seed ${task?.seed}: ${error.message}`, { cause: error })));
    worker.on("message", (summary: RunSummary) => {
      done(summary);
      takeNext();
    });
    takeNext();
  });
}
