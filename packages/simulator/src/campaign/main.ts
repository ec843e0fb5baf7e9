import { shrink } from "../shrink/shrink.ts";
import { parseCampaignArguments, usage } from "./arguments.ts";
import { type CampaignResult, replayCommand, runCampaign } from "./campaign.ts";
import { writeFailurePage } from "./failure-page.ts";
import { realNowMs } from "./real-clock.ts";

async function main(args: readonly string[]): Promise<void> {
  const campaign = parseCampaignArguments(args);
  const beginMs = realNowMs();
  const result = await runCampaign(campaign, realNowMs, (line) => console.log(line));
  console.log(summary(result, realNowMs() - beginMs));
  const { failed } = result;
  if (failed === undefined) return;
  process.exitCode = 1;
  console.log(`seed ${failed.seed} fails: ${failed.failure?.message}`);
  console.log(`replay it with: ${replayCommand(failed.seed, campaign.steps, campaign.skipped)}`);
  if (failed.failure?.page !== undefined) {
    console.log(`its history is drawn in ${writeFailurePage(failed.seed, failed.failure.page)}`);
  }
  if (campaign.trace) return;
  console.log("looking for less that fails the same way, which takes a while ...");
  const { seed, steps, skipped } = await shrink(failed.seed, campaign.steps);
  console.log(`replay what is left with: ${replayCommand(seed, steps, skipped)}`);
}

function summary({ runs, steps, simulatedMs, operations }: CampaignResult, realMs: number): string {
  const times = Math.round(simulatedMs / Math.max(1, realMs));
  return (
    `${runs} runs, ${steps} steps, ${operations} answered operations: ` +
    `${Math.round(simulatedMs / 1_000)} s simulated in ${Math.round(realMs / 1_000)} s, ${times} times real time`
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 2;
});
