import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";

/** Real node processes on loopback, with their data in a temporary folder. */
export interface LocalCluster extends AsyncDisposable {
  readonly endpoints: readonly string[];
  readonly pids: readonly number[];
}

/** Nodes that can be stopped and started again, by their ids. */
export interface NodeCluster extends LocalCluster {
  stop(id: number): Promise<void>;
  start(id: number): void;
}

export const nodeMain = join(import.meta.dirname, "..", "..", "apps", "node", "dist", "main.js");

/** @param settings More fields of cluster.conf. */
export async function startLocalCluster(
  size: number,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<NodeCluster> {
  const folder = mkdtempSync(join(tmpdir(), "raftkv-bench-"));
  const endpoints = (await freePorts(size)).map((port) => `127.0.0.1:${port}`);
  const config = join(folder, "cluster.conf");
  const nodes = endpoints.map((address, index) => ({ id: index + 1, address }));
  writeFileSync(config, JSON.stringify({ nodes, ...settings }));
  const processes = endpoints.map((_, index) => startNode(config, folder, index + 1));
  return {
    endpoints,
    pids: processes.map(pidOf),
    async stop(id) {
      const node = processes[id - 1];
      if (node !== undefined) await stop(node);
    },
    start(id) {
      processes[id - 1] = startNode(config, folder, id);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map(stop));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startNode(config: string, folder: string, id: number): ChildProcess {
  const options = [
    "--config",
    config,
    "--id",
    String(id),
    "--data-dir",
    join(folder, `node-${id}`),
    "--log-level",
    "error",
  ];
  return spawn(process.execPath, [nodeMain, ...options], { stdio: ["ignore", "inherit", "inherit"] });
}

export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} could not be started`);
  return child.pid;
}

async function stop(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const ended = new Promise((resolve) => node.once("exit", resolve));
  node.kill("SIGTERM");
  await ended;
}
