import type { CatchUpProgress } from "../membership/catch-up.ts";
import { formatBytes } from "./format-bytes.ts";

/** After so long without progress it is told. */
const worthTellingMs = 3_000;

/** "1,234 entries behind", "snapshot, 12 MiB of 40 MiB", "does not answer". */
export function catchUpLine({ replication, stalledMs, problem, obstacle }: CatchUpProgress): string {
  const place = where(replication, problem);
  if (obstacle !== undefined) return `${place}; ${obstacle}`;
  return stalledMs < worthTellingMs ? place : `${place}, no progress for ${Math.floor(stalledMs / 1_000)} s`;
}

function where(replication: CatchUpProgress["replication"], problem: string | undefined): string {
  if (problem !== undefined) return problem;
  if (replication === undefined) return "waiting";
  const { state, snapshot, lagEntries, recentlyActive } = replication;
  if (snapshot !== undefined) return `snapshot, ${formatBytes(snapshot.bytesSent)} of ${formatBytes(snapshot.bytes)}`;
  if (!recentlyActive) return "does not answer";
  if (state === "snapshot") return "gets a snapshot";
  if (lagEntries === 0) return "caught up";
  return lagEntries === 1 ? "1 entry behind" : `${lagEntries.toLocaleString("en")} entries behind`;
}
