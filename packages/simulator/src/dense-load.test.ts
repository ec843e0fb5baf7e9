import { availableParallelism } from "node:os";
import { expect, it, vi } from "vitest";
import { replayCommand } from "./campaign/campaign.ts";
import { writeFailurePage } from "./campaign/failure-page.ts";
import { runSeeds } from "./campaign/run-seeds.ts";
import type { RunSummary } from "./campaign/run-summary.ts";
import { nothingSkipped } from "./plan/skipped.ts";
import { freshSeed } from "./test-rig/seeds.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 1_800_000 });

const steps = 4_000;
const operations = 1_000_000;
/** Twice as many as it takes: who needs more finds out less. */
const maxSeeds = 300;

const answered = ({ answeredReads, answeredWrites }: RunSummary): number => answeredReads + answeredWrites;
const sum = (runs: readonly RunSummary[], of: (run: RunSummary) => number): number =>
  runs.reduce((total, run) => total + of(run), 0);

it("answers a million operations of clients under faults, and every history is decided: linearizable", async () => {
  const firstSeed = freshSeed();
  const runs = await runSeeds({
    firstSeed,
    seeds: maxSeeds,
    steps,
    workers: availableParallelism(),
    dense: true,
    goesOn: (done) => sum(done, answered) < operations,
  });
  const failed = runs.find(({ failure }) => failure !== undefined);
  if (failed?.failure !== undefined) {
    const { seed, failure } = failed;
    const page = failure.page === undefined ? "" : `\nits history is drawn in ${writeFailurePage(seed, failure.page)}`;
    const replay = replayCommand(seed, steps, nothingSkipped, true);
    throw new Error(`seed ${seed} fails: ${failure.message}\nreplay it with: ${replay}${page}`);
  }
  console.info(
    `dense load: ${runs.length} fresh seeds from ${firstSeed}, ${sum(runs, (run) => run.steps)} steps, ` +
      `${sum(runs, answered)} operations answered and ${sum(runs, (run) => run.unknownOutcomes)} of unknown outcome; ` +
      `${sum(runs, (run) => run.keys)} keys: all linearizable, 0 not, 0 undecided`,
  );
  // Under faults, and not on the quiet runs alone.
  expect(sum(runs, answered)).toBeGreaterThanOrEqual(operations);
  expect(sum(runs, (run) => run.unknownOutcomes)).toBeGreaterThan(operations / 500);
  expect(sum(runs, (run) => run.faults)).toBeGreaterThan(2 * runs.length);
});
