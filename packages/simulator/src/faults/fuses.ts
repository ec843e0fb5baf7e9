import type { Effect, Fuse } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";

/** Effects around which a crash tells most. */
const telling: readonly Effect[] = [
  "voteRequest",
  "voteResponse",
  "appendRequest",
  "appendResponse",
  "write",
  "compact",
  "saveSnapshot",
  "keepPartial",
  "removeSnapshots",
  "replace",
  "answer",
];

/** Effects after which it tells most to be alone, deaf or asleep: what they promise, ask for or hand over. */
const binding: readonly Effect[] = [
  "timeoutNowRequest",
  "timeoutNowRequest",
  "voteRequest",
  "voteResponse",
  "preVoteResponse",
  "appendRequest",
  "appendResponse",
  "heartbeatResponse",
  "readIndexRequest",
  "readIndexResponse",
  "snapshotRequest",
  "write",
  "saveSnapshot",
  "answer",
];

/** Where a process crashes. */
export function drawCrashFuse(chance: Chance): Fuse {
  if (chance.happens(0.3)) return { from: undefined, after: chance.integer(0, 20) };
  return { from: chance.pick(telling), after: chance.integer(0, 2) };
}

/** Where something else befalls it. */
export function drawFateFuse(chance: Chance): Fuse {
  return { from: chance.pick(binding), after: chance.integer(0, 2) };
}
