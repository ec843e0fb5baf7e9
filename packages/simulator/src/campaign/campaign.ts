import { denseLoad } from "../plan/dense-load.ts";
import { describeNumbers, nothingSkipped, type Skipped } from "../plan/skipped.ts";
import { simulate } from "../simulation.ts";
import type { CampaignArguments } from "./arguments.ts";
import { runSeeds, type SeedsOptions } from "./run-seeds.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";

export interface CampaignResult {
  readonly runs: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly operations: number;
  readonly failed: RunSummary | undefined;
}

/** A long campaign says now and then that it goes on. */
const runsALine = 1_000;

/** Runs seed after seed, up to the first that fails. `nowMs` is real time, and decides about the budget only. */
export async function runCampaign(
  { firstSeed, seeds, steps, budgetSeconds, workers, theme, skipped, dense, trace }: CampaignArguments,
  nowMs: () => number,
  print: (line: string) => void,
): Promise<CampaignResult> {
  const endMs = nowMs() + budgetSeconds * 1_000;
  let told = 0;
  const goesOn = ({ length }: readonly RunSummary[]) => {
    if (length >= told + runsALine) {
      told = length;
      print(`${told} of ${seeds} runs`);
    }
    return nowMs() < endMs;
  };
  const seedsOptions = { firstSeed, seeds, steps, workers, theme, dense, goesOn };
  const summaries = await (trace ? traceSeeds({ ...seedsOptions, skipped }, print) : runSeeds(seedsOptions));
  const sum = (of: (summary: RunSummary) => number) => summaries.reduce((total, summary) => total + of(summary), 0);
  return {
    runs: summaries.length,
    steps: sum((summary) => summary.steps),
    simulatedMs: sum((summary) => summary.simulatedMs),
    operations: sum(({ answeredReads, answeredWrites }) => answeredReads + answeredWrites),
    failed: summaries.find(({ failure }) => failure !== undefined),
  };
}

/** The one command that runs this seed again, or what is left of it, and shows what happens. */
export function replayCommand(seed: number, steps: number, skipped: Skipped = nothingSkipped, dense = false): string {
  const options = (
    [
      ["skip-faults", skipped.faults],
      ["skip-changes", skipped.membershipActions],
      ["skip-operations", skipped.operations],
    ] as const
  ).map(([name, numbers]) => (numbers.length === 0 ? "" : ` --${name} "${describeNumbers(numbers)}"`));
  return `pnpm --filter @raftkv/simulator campaign --seed ${seed} --steps ${steps}${options.join("")}${dense ? " --dense" : ""} --trace`;
}

/** One after the other, with every line of what happens. */
async function traceSeeds(
  { firstSeed, seeds, steps, skipped, dense, goesOn }: Omit<SeedsOptions, "workers"> & { readonly skipped: Skipped },
  print: (line: string) => void,
): Promise<readonly RunSummary[]> {
  const summaries: RunSummary[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds && goesOn(summaries); seed++) {
    const lines: string[] = [];
    const summary = summaryOf(await simulate({ seed, steps, skipped, lines, ...(dense && { adjust: denseLoad }) }));
    for (const line of lines) print(line);
    summaries.push(summary);
    if (summary.failure !== undefined) break;
  }
  return summaries;
}
