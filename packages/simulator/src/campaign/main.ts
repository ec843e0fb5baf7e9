import { denseLoad } from "../plan/dense-load.ts";
import { shrink } from "../shrink/shrink.ts";
import { simulate } from "../simulation.ts";
import { parseCampaignArguments, usage } from "./arguments.ts";
import { replayCommand, runCampaign } from "./campaign.ts";
import { writeFailurePage } from "./failure-page.ts";
import { describePace } from "./pace.ts";
import { cpuMs, realNowMs } from "./real-clock.ts";

async function main(args: readonly string[]): Promise<void> {
  const campaign = parseCampaignArguments(args);
  const [beginMs, cpuBeginMs] = [realNowMs(), cpuMs()];
  const result = await runCampaign(campaign, realNowMs, (line) => console.log(line));
  const { runs, operations, simulatedMs, failed } = result;
  const pace = describePace({ simulatedMs, realMs: realNowMs() - beginMs, cpuMs: cpuMs() - cpuBeginMs });
  console.log(`${runs} runs, ${result.steps} steps, ${operations} answered operations; ${pace}`);
  if (failed === undefined) return;
  process.exitCode = 1;
  console.log(`seed ${failed.seed} fails: ${failed.failure?.message}`);
  console.log(`replay it with: ${replayCommand(failed.seed, campaign.steps, campaign.skipped, campaign.dense)}`);
  if (failed.failure?.page !== undefined) {
    console.log(`its history is drawn in ${writeFailurePage(failed.seed, failed.failure.page)}`);
  }
  if (campaign.trace) return;
  console.log("looking for less that fails the same way, which takes a while ...");
  const { seed, steps, skipped } = await shrink(failed.seed, campaign.steps, (failing) =>
    simulate({ ...failing, ...(campaign.dense && { adjust: denseLoad }) }),
  );
  console.log(`replay what is left with: ${replayCommand(seed, steps, skipped, campaign.dense)}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 2;
});
