import { readFileSync } from "node:fs";

/** The kernel counts processor time in hundredths of a second for whoever reads /proc, whatever it ticks in. */
const ticksASecond = 100;

/** Processor time that all threads of a process have used so far, user and system. Linux only. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may contain anything; after it come the state and then numbers.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / ticksASecond;
}
