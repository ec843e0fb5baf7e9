import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { type LocalCluster, pidOf } from "./local-cluster.ts";

/** Whether the peer to compare with is installed. */
export function isEtcdInstalled(): boolean {
  return spawnSync("etcd", ["--version"]).status === 0;
}

/**
 * Real etcd members on loopback, with their data in a temporary folder.
 *
 * @param more Further options of each member.
 */
export async function startEtcdCluster(size: number, more: readonly string[] = []): Promise<LocalCluster> {
  const folder = mkdtempSync(join(tmpdir(), "raftkv-bench-etcd-"));
  const ports = await freePorts(size * 2);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const [clientUrls, peerUrls] = [urls.slice(0, size), urls.slice(size)];
  const cluster = peerUrls.map((url, index) => `m${index}=${url}`).join(",");
  const members = clientUrls.map((clientUrl, index) => {
    const peerUrl = peerUrls[index] ?? "";
    const options = ["--name", `m${index}`, "--data-dir", join(folder, `m${index}`), "--initial-cluster", cluster];
    const listen = ["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl];
    const peers = ["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl];
    return spawn("etcd", [...options, ...listen, ...peers, ...more, "--log-level", "error"], { stdio: "ignore" });
  });
  return {
    endpoints: clientUrls,
    pids: members.map(pidOf),
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map(stop));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function stop(member: ChildProcess): Promise<void> {
  if (member.exitCode !== null || member.signalCode !== null) return;
  const ended = new Promise((resolve) => member.once("exit", resolve));
  member.kill("SIGTERM");
  await ended;
}
