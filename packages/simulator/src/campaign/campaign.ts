import type { SimulationReport } from "../simulation.ts";
import { simulate } from "../simulation.ts";
import type { CampaignArguments } from "./arguments.ts";

export interface CampaignResult {
  readonly runs: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly operations: number;
  readonly failed: SimulationReport | undefined;
}

/** Runs seed after seed, up to the first that fails. `nowMs` is real time, and decides about the budget only. */
export async function runCampaign(
  { firstSeed, seeds, steps, budgetSeconds, trace }: CampaignArguments,
  nowMs: () => number,
  print: (line: string) => void,
): Promise<CampaignResult> {
  const endMs = nowMs() + budgetSeconds * 1_000;
  let result: CampaignResult = { runs: 0, steps: 0, simulatedMs: 0, operations: 0, failed: undefined };
  for (let seed = firstSeed; seed < firstSeed + seeds && nowMs() < endMs; seed++) {
    const lines: string[] = [];
    const report = await simulate({ seed, steps, ...(trace && { lines }) });
    for (const line of lines) print(line);
    const { answeredReads, answeredWrites } = report.history;
    result = {
      runs: result.runs + 1,
      steps: result.steps + report.steps,
      simulatedMs: result.simulatedMs + report.simulatedMs,
      operations: result.operations + answeredReads + answeredWrites,
      failed: report.failure === undefined ? undefined : report,
    };
    if (result.failed !== undefined) return result;
  }
  return result;
}

/** The one command that runs this seed again and shows what happens. */
export function replayCommand(seed: number, steps: number): string {
  return `pnpm --filter @raftkv/simulator campaign --seed ${seed} --steps ${steps} --trace`;
}
