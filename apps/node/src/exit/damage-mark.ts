import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { exitCodes } from "./exit-code.ts";
import { NodeFailure } from "./node-failure.ts";

/** In a data directory whose node has taken itself out of its cluster: says why. */
export const damageMark = "damaged";

/** Of what stands in the mark; anybody may have written something else there. */
const mostBytes = 4_096;

/**
 * Leaves the mark, on stable storage, before the process ends: no node answers anything from this directory again. Where it cannot be
 * written the node stops all the same, and is found out again.
 */
export function markDamaged(dataDir: string, reason: string): void {
  // A storage without a directory has nothing left once the process ends.
  if (!existsSync(dataDir)) return;
  try {
    const file = openSync(join(dataDir, damageMark), "w", 0o600);
    writeSync(file, `${reason}\n`);
    fsyncSync(file);
    closeSync(file);
    const folder = openSync(dataDir, "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch {
    // The disk may be what is wrong.
  }
}

/** Throws a `NodeFailure` where the mark stands. */
export function refuseDamaged(dataDir: string): void {
  const path = join(dataDir, damageMark);
  if (!existsSync(path)) return;
  const reason = readFileSync(path, "utf8").slice(0, mostBytes).trim();
  throw new NodeFailure(
    exitCodes.corrupt,
    `this node has taken itself out of its cluster, and does not start on ${dataDir} again (the file "${damageMark}" in it ` +
      `says so): ${reason}`,
  );
}
