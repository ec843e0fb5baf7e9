import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NetworkHosts } from "./process/harness/network-hosts.ts";
import { commandLine, parseTortureArguments, type TortureArguments, usage } from "./torture/arguments.ts";
import { leftOutHere, versionsHere } from "./torture/machine.ts";
import type { TorturePlan } from "./torture/plan.ts";

// node tests/src/torture.ts --help. Prepares a place where a cluster can be tortured, and has another process do it there:
// one on a host of its own where there are to be partitions, one that may mount file systems where disks are to be full.
const inside = fileURLToPath(new URL("./torture/main.ts", import.meta.url));

function readArguments(): TortureArguments {
  try {
    const found = parseTortureArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
    if (found !== undefined) return found;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

async function torture(options: TortureArguments): Promise<number> {
  const leftOut = leftOutHere(options.faults);
  for (const { kind, why } of leftOut) console.log(`left out: ${kind} (${why})`);
  const faults = options.faults.filter((kind) => !leftOut.some((left) => left.kind === kind));
  if (faults.length === 0) {
    console.error("none of the faults can be had here");
    return 2;
  }
  const hosts = faults.includes("partition") ? NetworkHosts.create(options.nodes + 1) : undefined;
  try {
    const plan: TorturePlan = {
      ...options,
      faults,
      leftOut,
      command: commandLine(options, options.faults),
      versions: versionsHere(),
      hosts: hosts?.prefix,
    };
    return await runInside(plan, [
      ...(faults.includes("full-disk") ? ["unshare", "--mount", "--propagation", "private"] : []),
      ...(hosts?.wrapper(options.nodes + 1) ?? []),
    ]);
  } finally {
    hosts?.[Symbol.dispose]();
  }
}

function runInside(plan: TorturePlan, wrapper: readonly string[]): Promise<number> {
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, inside, JSON.stringify(plan)];
  // Its standard input ends with this process, and with it the torture.
  const child = spawn(command, args, { stdio: ["pipe", "inherit", "inherit"] });
  process.on("SIGINT", () => child.kill("SIGTERM"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

process.exitCode = await torture(readArguments());
