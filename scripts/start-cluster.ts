// `pnpm start`: runs a cluster of three real nodes on this machine. Ctrl-C stops it; its data stays under ./data.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";

const root = resolve(import.meta.dirname, "..");
const dataDir = join(root, "data");
const configFile = join(dataDir, "cluster.conf");
const nodes = [1, 2, 3].map((id) => ({ id, address: `127.0.0.1:${50_050 + id}` }));
const config = { nodes, election_timeout: { min: 150, max: 300 } };

const running = new Map<number, ChildProcess>();
const listening = new Set<number>();
let leaderSeen = false;
let ready = false;
let stopping = false;
let exitCode = 0;

const say = (text: string): boolean => process.stdout.write(`\n${text}\n\n`);
const onTerminal = styleText("bold", "?", { stream: process.stdout }) !== "?";

function writeConfig(): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    if (!existsSync(configFile)) writeFileSync(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
  } catch (error) {
    process.stderr.write(`cannot write ${configFile}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(4);
  }
}

function startNode(id: number): void {
  const args = ["--config", configFile, "--id", `${id}`, "--data-dir", join(dataDir, `node-${id}`)];
  const child = spawn(process.execPath, [join(root, "apps/node/dist/main.js"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...(onTerminal ? { FORCE_COLOR: "1" } : {}) },
  });
  running.set(id, child);
  createInterface({ input: child.stdout }).on("line", (line) => {
    process.stdout.write(`${line}\n`);
    watchFor(id, line);
  });
  child.once("close", (code, signal) => {
    running.delete(id);
    ended(id, code, signal);
  });
}

function watchFor(id: number, line: string): void {
  if (ready) return;
  if (line.includes("listens on")) listening.add(id);
  if (line.includes("became leader")) leaderSeen = true;
  ready = leaderSeen && listening.size === nodes.length;
  if (ready && !stopping) say(welcome());
}

function welcome(): string {
  return `The cluster is up: three nodes, data in ${dataDir}. In another terminal:

  export RAFTKV_ENDPOINTS=${nodes.map((node) => node.address).join(",")}
  pnpm --silent raftkv put greeting "hello, world"
  pnpm --silent raftkv get greeting
  pnpm --silent raftkv status
  curl --location --json '{"keyText": "greeting"}' http://127.0.0.1:50051/raftkv.kv.v1.KvService/Get
  kill -9 <process>     any of the nodes (the log names their processes): the other two go on

(Without pnpm installed: npx -y pnpm@12.21.0 in place of pnpm.) Ctrl-C stops the cluster, and keeps the data.`;
}

function ended(id: number, code: number | null, signal: NodeJS.Signals | null): void {
  if (stopping || !ready) {
    if (code !== 0) exitCode ||= code ?? 1;
    stop();
  } else {
    const what = signal === null ? `ended with exit code ${code}` : `was killed (${signal})`;
    const left = `the cluster ${running.size >= 2 ? "goes on" : "has no majority"} with ${running.size} of ${nodes.length}`;
    const command = `pnpm --filter node start --config data/cluster.conf --id ${id} --data-dir data/node-${id}`;
    say(`Node ${id} ${what}; ${left}. To start it again, in another terminal:\n\n  ${command}`);
    if (running.size === 0) exitCode = 1;
  }
  if (running.size === 0) process.exitCode = exitCode;
}

/** The nodes may have had the signal too, as with Ctrl-C on a terminal: they take it for the same one. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  for (const child of running.values()) child.kill("SIGTERM");
}

process.stdout.on("error", stop);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
writeConfig();
for (const { id } of nodes) startNode(id);
