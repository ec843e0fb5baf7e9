import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Real node processes on loopback, with their data in a temporary folder. */
export interface LocalCluster extends AsyncDisposable {
  readonly endpoints: readonly string[];
}

const nodeMain = join(import.meta.dirname, "..", "..", "apps", "node", "dist", "main.js");

export async function startLocalCluster(size: number): Promise<LocalCluster> {
  const folder = mkdtempSync(join(tmpdir(), "raftkv-bench-"));
  const endpoints = await Promise.all(Array.from({ length: size }, async () => `127.0.0.1:${await freePort()}`));
  const config = join(folder, "cluster.conf");
  writeFileSync(config, JSON.stringify({ nodes: endpoints.map((address, index) => ({ id: index + 1, address })) }));
  const nodes = endpoints.map((_, index) => startNode(config, folder, index + 1));
  return {
    endpoints,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(stop));
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
    "warn",
  ];
  return spawn(process.execPath, [nodeMain, ...options], { stdio: ["ignore", "inherit", "inherit"] });
}

async function stop(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const ended = new Promise((resolve) => node.once("exit", resolve));
  node.kill("SIGTERM");
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
