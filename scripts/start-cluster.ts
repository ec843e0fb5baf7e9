// `pnpm start`: runs a cluster of three real nodes on this machine. Ctrl-C stops it; its data stays under ./data.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs, styleText } from "node:util";

const root = resolve(import.meta.dirname, "..");
const { dataDir, port } = readArguments();
const configFile = join(dataDir, "cluster.conf");
const nodes = [1, 2, 3].map((id, position) => ({ id, address: `127.0.0.1:${port + position}` }));

/** The cluster has removed the node, or does not take its data directory for that node's. */
const refusedExitCode = 7;

const running = new Map<number, ChildProcess>();
const listening = new Set<number>();
let leaderSeen = false;
let ready = false;
let stopping = false;
let exitCode = 0;

const say = (text: string): boolean => process.stdout.write(`\n${text}\n\n`);
const onTerminal = styleText("bold", "?", { stream: process.stdout }) !== "?";

/** Ends the process with one line. */
function giveUp(exitCode: number, error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCode);
}

function readArguments(): { readonly dataDir: string; readonly port: number } {
  try {
    const options = {
      "data-dir": { type: "string", default: "data" },
      port: { type: "string", default: "50051" },
    } as const;
    const { values } = parseArgs({ options, args: process.argv.slice(2).filter((arg) => arg !== "--") });
    const port = Number(values.port);
    if (port > 0 && port <= 65_533) return { dataDir: resolve(root, values["data-dir"]), port };
    throw new Error(`--port: found "${values.port}", expected the first of three port numbers`);
  } catch (error) {
    return giveUp(2, error);
  }
}

function writeConfig(): void {
  try {
    makeFolder(dataDir);
    writeFileSync(configFile, `${JSON.stringify({ nodes, election_timeout: { min: 150, max: 300 } }, undefined, 2)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    giveUp(4, `cannot create or write ${dataDir}: ${reason}. Choose another folder with --data-dir.`);
  }
}

/** Node's own recursive `mkdir` never comes back where the system makes no folders, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
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
  curl --location --json '{"keyText": "greeting"}' http://${nodes[0]?.address}/raftkv.kv.v1.KvService/Get
  kill -9 <process>     any of the nodes (the log names their processes): the other two go on

(Without pnpm installed: npx -y pnpm@12.21.0 in place of pnpm.) Ctrl-C stops the cluster, and keeps the data.`;
}

function ended(id: number, code: number | null, signal: NodeJS.Signals | null): void {
  if (stopping || !ready) {
    if (code !== 0) exitCode ||= code ?? 1;
    stop();
  } else if (code === refusedExitCode) {
    say(`Node ${id} has left the cluster, for good: what it says above tells why, and how it can come back.`);
    if (running.size === 0) exitCode = 1;
  } else {
    const what = signal === null ? `ended with exit code ${code}` : `was killed (${signal})`;
    const left = `the cluster ${running.size >= 2 ? "goes on" : "has no majority"} with ${running.size} of ${nodes.length}`;
    const command = `pnpm --filter node start --config ${relative(root, configFile)} --id ${id} --data-dir ${relative(root, join(dataDir, `node-${id}`))}`;
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
