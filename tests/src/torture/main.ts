import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePorts } from "../process/harness/free-ports.ts";
import { NetworkHosts } from "../process/harness/network-hosts.ts";
import type { TorturePlan } from "./plan.ts";
import type { TortureRecord } from "./record.ts";
import { renderReport } from "./report/render-report.ts";
import { runTorture } from "./run-torture.ts";

// The process that tortures; `tests/src/torture.ts` starts it where it can, with its plan as the only argument.
const plan: TorturePlan = JSON.parse(process.argv[2] ?? "{}");
const port = 50051;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
process.stdin.once("end", () => stop.abort()).resume();

async function endpointsOf(hosts: NetworkHosts | undefined): Promise<readonly string[]> {
  if (hosts === undefined) return (await freePorts(plan.nodes)).map((free) => `127.0.0.1:${free}`);
  return Array.from({ length: plan.nodes }, (_, position) => `${hosts.address(position + 1)}:${port}`);
}

function makeDirectory(): string {
  if (plan.directory === undefined) return mkdtempSync(join(tmpdir(), "raftkv-torture-"));
  mkdirSync(plan.directory, { recursive: true });
  if (readdirSync(plan.directory).length > 0) throw new Error(`${plan.directory} is not empty`);
  return plan.directory;
}

async function torture(directory: string): Promise<TortureRecord> {
  const hosts = plan.hosts === undefined ? undefined : NetworkHosts.attach(plan.hosts, plan.nodes + 1);
  const startedAt = new Date().toISOString();
  const endpoints = await endpointsOf(hosts);
  const say = (line: string): void => console.log(line);
  const outcome = await runTorture({ ...plan, directory, endpoints, hosts, stop: stop.signal, say });
  const { seed, command, leftOut, versions } = plan;
  return { startedAt, seed, command, leftOut, versions, ...outcome };
}

function summarize({ strikes, killCycles, ends, traffic, verdicts, findings }: TortureRecord): void {
  const { p50Ms, p99Ms } = traffic.latency;
  const [gap] = traffic.gaps;
  const longest = gap === undefined ? "none" : `${(gap.toMs - gap.fromMs).toFixed(0)} ms`;
  console.log(
    `\n${strikes.length} faults, ${killCycles} kill -9 cycles, ${ends.length} nodes that ended by themselves`,
  );
  console.log(`latency: median ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms; longest gap in service: ${longest}`);
  for (const verdict of verdicts) console.log(`ok: ${verdict}`);
  for (const finding of findings) console.log(`FOUND: ${finding}`);
}

const directory = makeDirectory();
const record = await torture(directory);
mkdirSync(dirname(plan.report), { recursive: true });
writeFileSync(`${plan.report}.json`, JSON.stringify(record));
writeFileSync(plan.report, renderReport(record));
summarize(record);
console.log(`report: ${plan.report}`);
const failed = record.findings.length > 0;
if (failed) console.log(`the nodes' data: ${directory}; again: ${plan.command}`);
else if (plan.directory === undefined) rmSync(directory, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
