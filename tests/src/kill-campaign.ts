import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { middle, positive } from "./campaign-arguments.ts";
import { runKillCampaign } from "./workload/kill-campaign.ts";

// node tests/src/kill-campaign.ts [kills, 100 unless told] [seed]: kills the leader of a real cluster under load.
const kills = positive("kills", process.argv[2] ?? "100", 100_000);
const seed = positive("seed", process.argv[3] ?? "1", Number.MAX_SAFE_INTEGER);

const directory = await mkdtemp(join(tmpdir(), "raftkv-kills-"));
try {
  const result = await runKillCampaign({
    directory,
    kills,
    seed,
    clients: 6,
    onKill: ({ round, node, serviceAfterMs }) =>
      console.log(`kill ${round} of ${kills}: node ${node}, service again after ${serviceAfterMs.toFixed(0)} ms`),
  });
  const gaps = result.kills.map((kill) => kill.serviceAfterMs).sort((a, b) => a - b);
  console.log(`linearizable: ${JSON.stringify(result.history)}`);
  console.log(`service again after: median ${middle(gaps).toFixed(0)} ms, longest ${(gaps.at(-1) ?? 0).toFixed(0)} ms`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
