import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { middle, positive } from "./campaign-arguments.ts";
import { type LeadershipRound, runLeadershipCampaign } from "./workload/leadership-campaign.ts";

// node tests/src/leadership-campaign.ts [rounds, 20 unless told] [seed]: hands leadership over, and kills the leader, under
// load, and tells the longest gap in service of each.
const rounds = positive("rounds", process.argv[2] ?? "20", 10_000);
const seed = positive("seed", process.argv[3] ?? "1", Number.MAX_SAFE_INTEGER);

const directory = await mkdtemp(join(tmpdir(), "raftkv-leadership-"));
try {
  const result = await runLeadershipCampaign({
    directory,
    rounds,
    seed,
    clients: 6,
    electionTimeout: { min: 300, max: 600 },
    onRound: ({ round, transferGapMs, killGapMs }) =>
      console.log(`${round}: transfer ${transferGapMs.toFixed(0)} ms, kill -9 ${killGapMs.toFixed(0)} ms`),
  });
  tell("transfer", result.rounds, ({ transferGapMs }) => transferGapMs);
  tell("kill -9", result.rounds, ({ killGapMs }) => killGapMs);
  console.log(`${result.failures.length} calls failed; linearizable: ${JSON.stringify(result.history)}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

function tell(what: string, all: readonly LeadershipRound[], gapOf: (round: LeadershipRound) => number): void {
  const gaps = all.map(gapOf).sort((a, b) => a - b);
  const longest = gaps.at(-1) ?? Number.NaN;
  console.log(`longest gap in service, ${what}: median ${middle(gaps).toFixed(0)} ms, worst ${longest.toFixed(0)} ms`);
}
