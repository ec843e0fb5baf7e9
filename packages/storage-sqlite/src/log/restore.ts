import type { Membership, RestoredState, SnapshotMetadata, TermRun } from "@raftkv/raft-core";
import { damaged } from "../storage-fault.ts";
import { type Block, decodeBlock, joinRuns, sliceBlock } from "./block.ts";
import type { LogHead } from "./log-head.ts";

/**
 * Folds the blocks above the base, whose checksums have been checked, into what a restart needs. They must follow each
 * other without a gap and end where the head says: a log that lacks anything is damaged, never short.
 */
export function restoreLog(
  file: string,
  base: SnapshotMetadata,
  head: LogHead,
  blocks: Iterable<Block>,
): RestoredState {
  const runs: TermRun[] = [];
  const memberships: { index: number; membership: Membership }[] = [];
  let last = base.index;
  let lastTerm = base.term;
  let bytes = 0;
  for (const block of blocks) {
    if (block.first !== last + 1) throw damaged(file, `entry ${last + 1} of the log is missing`);
    for (const run of block.runs) {
      if (run.term < lastTerm) throw damaged(file, `the term goes back at entry ${run.from}`);
      lastTerm = run.term;
    }
    runs.push(...block.runs);
    memberships.push(...membershipsOf(block, file));
    last = block.last;
    bytes += block.body.byteLength;
  }
  if (last !== head.lastIndex || lastTerm !== head.lastTerm || bytes !== head.logBytes) {
    throw damaged(
      file,
      `its log ends at index ${last}, term ${lastTerm}, with ${bytes} bytes, where index ${head.lastIndex}, term ` +
        `${head.lastTerm} and ${head.logBytes} bytes were recorded`,
    );
  }
  return { hardState: head.hardState, base, lastIndex: last, termRuns: joinRuns(runs), memberships };
}

function membershipsOf(block: Block, file: string): { index: number; membership: Membership }[] {
  return block.memberships.flatMap((index) =>
    decodeBlock(sliceBlock(block, index, index), file).flatMap((entry) =>
      entry.kind === "membership" ? [{ index, membership: entry.membership }] : [],
    ),
  );
}
