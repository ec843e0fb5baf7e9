import { execFileSync } from "node:child_process";

/** Whether the system lets a process limit the size of the files it writes, which is how a disk is broken here. */
export const canBreakDisk = hasPrlimit();

/** From now on every write to a file fails, with a real error of the kernel's (EFBIG), in the whole process. */
export function breakDisk(): void {
  prlimit("--fsize=0:");
}

export function mendDisk(): void {
  prlimit("--fsize=unlimited:");
}

function prlimit(limit: string): void {
  execFileSync("prlimit", ["--pid", String(process.pid), limit], { stdio: "ignore" });
}

function hasPrlimit(): boolean {
  try {
    execFileSync("prlimit", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
