import { parseArgs } from "node:util";
import { type Theme, themes } from "../plan/plan.ts";
import { parseNumbers, type Skipped } from "../plan/skipped.ts";

export interface CampaignArguments {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  /** Real seconds after which no further run begins. */
  readonly budgetSeconds: number;
  /** Threads that share the seeds. */
  readonly workers: number;
  /** Only runs that are about this; undefined: all. */
  readonly theme: Theme | undefined;
  /** What of the run does not happen. */
  readonly skipped: Skipped;
  /** Whether clients send hundreds of operations at a time. */
  readonly dense: boolean;
  readonly trace: boolean;
}

export const usage = `Runs seeded clusters one after the other, and stops at the first that breaks.

  --seed N      the first seed (default 1)
  --seeds N     how many seeds (default 1)
  --steps N     events in each run before its faults end (default 10000)
  --budget N    begin no further run after so many real seconds (default: no limit)
  --workers N   threads that share the seeds (default 1)
  --theme NAME  only seeds whose runs are about that: ${themes.join(", ")}
  --skip-faults, --skip-changes, --skip-operations "1-3 7"
                what of the run does not happen, as found by shrinking
  --dense       clients that send hundreds of operations at a time
  --trace       print what happens in each run`;

/** Throws with what was found and what is expected. */
export function parseCampaignArguments(args: readonly string[]): CampaignArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "1" },
      seeds: { type: "string", default: "1" },
      steps: { type: "string", default: "10000" },
      budget: { type: "string" },
      workers: { type: "string", default: "1" },
      theme: { type: "string" },
      "skip-faults": { type: "string", default: "" },
      "skip-changes": { type: "string", default: "" },
      "skip-operations": { type: "string", default: "" },
      dense: { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
    },
  });
  return {
    firstSeed: wholeNumber("seed", values.seed),
    seeds: wholeNumber("seeds", values.seeds),
    steps: wholeNumber("steps", values.steps),
    budgetSeconds: values.budget === undefined ? Number.POSITIVE_INFINITY : wholeNumber("budget", values.budget),
    workers: Math.max(1, wholeNumber("workers", values.workers)),
    theme: themeNamed(values.theme),
    skipped: {
      faults: parseNumbers(values["skip-faults"]),
      membershipActions: parseNumbers(values["skip-changes"]),
      operations: parseNumbers(values["skip-operations"]),
    },
    dense: values.dense,
    trace: values.trace,
  };
}

function themeNamed(name: string | undefined): Theme | undefined {
  const theme = themes.find((known) => known === name);
  if (theme !== undefined || name === undefined) return theme;
  throw new Error(`--theme is "${name}": expected one of ${themes.join(", ")}`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (text !== "" && Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is "${text}": expected a whole number`);
}
