import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { nodePackage } from "../process/harness/entry-points.ts";
import { NetworkHosts } from "../process/harness/network-hosts.ts";
import type { FaultKind } from "./faults/fault.ts";
import { whyCallsCannotFail, whyClocksCannotJump } from "./preloads.ts";
import type { LeftOut } from "./record.ts";
import { SmallDisk } from "./small-disk.ts";

/** What this machine does not allow, or has no tool for. */
export function leftOutHere(wanted: readonly FaultKind[]): readonly LeftOut[] {
  return wanted.flatMap((kind) => {
    const why = whyNot(kind);
    return why === undefined ? [] : [{ kind, why }];
  });
}

function whyNot(kind: FaultKind): string | undefined {
  switch (kind) {
    case "kill":
    case "pause":
      return undefined;
    case "partition":
      return NetworkHosts.unavailable();
    case "full-disk":
      return SmallDisk.unavailable();
    case "io-error":
      return whyCallsCannotFail();
    case "clock":
      return whyClocksCannotJump();
  }
}

/** What a report has to say of where it comes from. */
export function versionsHere(): Readonly<Record<string, string>> {
  const { version }: { version: string } = JSON.parse(readFileSync(nodePackage, "utf8"));
  const commit = outputOf("git", "rev-parse", "--short=12", "HEAD");
  const changed = outputOf("git", "status", "--porcelain", "--untracked-files=no") ? ", with changes" : "";
  return {
    raftkv: `${version}${commit === undefined ? "" : ` (commit ${commit}${changed})`}`,
    "Node.js": process.version,
    kernel: `Linux ${release()}`,
    machine: `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

function outputOf(command: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
