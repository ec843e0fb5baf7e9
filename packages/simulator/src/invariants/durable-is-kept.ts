import type { NodeId, WriteBatch } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";
import type { ShadowLog } from "./shadow-log.ts";

/** A disk gives back what was durable on it, and of the writes under way some of the first, each whole. */
export function durableIsKept(): Invariant {
  const underWay = new Map<NodeId, WriteBatch[]>();
  return {
    name: "durable is kept",
    looksAt: ["writing", "durable", "restored"],
    observe(observation, view) {
      if (observation.kind === "writing") {
        const batches = underWay.get(observation.node) ?? [];
        underWay.set(observation.node, batches);
        batches.push(observation.batch);
      } else if (observation.kind === "durable") {
        underWay.get(observation.node)?.shift();
      } else if (observation.kind === "restored") {
        const node = view.node(observation.node);
        const batches = underWay.get(observation.node) ?? [];
        underWay.delete(observation.node);
        if (node.memberId !== undefined && node.memberId !== observation.memberId) return;
        const { lastIndex, termRuns, base } = observation.state;
        const lastTerm = termRuns.at(-1)?.term ?? base.term;
        if (endsOf(node.durable, batches).some((end) => end.index === lastIndex && end.term === lastTerm)) return;
        throw new Error(
          `the log of node ${observation.node} ends at ${lastIndex}@${lastTerm} after a restart; what was durable ended at ` +
            `${node.durable.lastIndex}@${node.durable.termAt(node.durable.lastIndex) ?? 0}`,
        );
      }
    },
  };
}

/** Where the log may end: after what is durable, and after each of the writes under way. */
function endsOf(
  durable: ShadowLog,
  batches: readonly WriteBatch[],
): readonly { index: number; term: number | undefined }[] {
  const log = durable.copy();
  const ends = [endOf(log)];
  for (const batch of batches) {
    log.write(batch);
    ends.push(endOf(log));
  }
  return ends;
}

function endOf(log: ShadowLog): { index: number; term: number | undefined } {
  return { index: log.lastIndex, term: log.termAt(log.lastIndex) };
}
