import { readFileSync, writeFileSync } from "node:fs";

const KIB_A_MIB = 1024;

/** What a process holds in memory now, in MiB. Linux only. */
export function residentMiB(pid: number): number {
  return statusField(pid, "VmRSS");
}

/** The most that it has held since `forgetPeak`, in MiB. */
export function peakMiB(pid: number): number {
  return statusField(pid, "VmHWM");
}

export function forgetPeak(pid: number): void {
  // proc(5): 5 resets the peak to what is resident now.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusField(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
  return Number(kib) / KIB_A_MIB;
}
