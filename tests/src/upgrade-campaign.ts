import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { positive } from "./campaign-arguments.ts";
import { runUpgradeCampaign } from "./workload/upgrade-campaign.ts";

// node tests/src/upgrade-campaign.ts REF [seed]: builds that commit in a worktree of its own, runs a cluster of it under
// load, and upgrades it node by node to the build at hand.
const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../", import.meta.url));
const [ref, seedText = "1"] = process.argv.slice(2);
if (ref === undefined) {
  console.error("which version is to be upgraded from? Name a commit, a tag or a branch");
  process.exit(2);
}
const seed = positive("seed", seedText, Number.MAX_SAFE_INTEGER);

const directory = await mkdtemp(join(tmpdir(), "raftkv-upgrade-"));
const older = join(directory, "older");
try {
  console.log(`building ${ref}`);
  await run("git", ["-C", repository, "worktree", "add", "--detach", older, ref]);
  await pnpm("install", "--frozen-lockfile", "--prefer-offline");
  await pnpm("build");
  const cluster = join(directory, "cluster");
  await mkdir(cluster);
  const { history, failures, longestGapMs } = await runUpgradeCampaign({
    directory: cluster,
    olderMain: join(older, "apps/node/dist/main.js"),
    seed,
    clients: 4,
    onStep: (step) => console.log(step),
  });
  console.log(`linearizable: ${JSON.stringify(history)}`);
  console.log(`${failures.length} calls failed; longest gap in service ${longestGapMs.toFixed(0)} ms`);
  for (const failure of failures) console.log(`  ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
} finally {
  await run("git", ["-C", repository, "worktree", "remove", "--force", older]).catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
}

/** With the package manager that runs this script. */
async function pnpm(...args: readonly string[]): Promise<void> {
  const manager = process.env.npm_execpath ?? "pnpm";
  const [command, first] = /\.[cm]?js$/.test(manager) ? [process.execPath, [manager]] : [manager, []];
  await run(command, [...first, ...args], { cwd: older, maxBuffer: 64 * 1024 * 1024 });
}
