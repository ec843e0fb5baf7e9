import type { Consensus, Index, NodeId } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";

/** Consensus itself, with each read seen: when it was asked for, and what it was served from. */
export function observedConsensus<Result>(
  consensus: Consensus<Result>,
  node: NodeId,
  applied: () => Index,
  observe: Observe,
): Consensus<Result> {
  return {
    propose: (payload) => consensus.propose(payload),
    async readIndex(signal) {
      const read = {};
      observe({ kind: "readAsked", node, read });
      const index = await consensus.readIndex(signal);
      observe({ kind: "readServed", node, read, index: Math.min(index, applied()), leaseTerm: undefined });
      return index;
    },
    async readByLease(read, signal) {
      const { term } = consensus.status();
      const seen = {};
      let index = 0;
      observe({ kind: "readAsked", node, read: seen });
      const outcome = await consensus.readByLease(() => {
        index = applied();
        return read();
      }, signal);
      if (outcome.kind === "answer") observe({ kind: "readServed", node, read: seen, index, leaseTerm: term });
      return outcome;
    },
    stalenessMs: () => consensus.stalenessMs(),
    transferLeadership: (to, signal) => consensus.transferLeadership(to, signal),
    changeMembership: (change, signal) => consensus.changeMembership(change, signal),
    leaveJoint: (signal) => consensus.leaveJoint(signal),
    compactNow: () => consensus.compactNow(),
    status: () => consensus.status(),
    onRoleChange: (listener) => consensus.onRoleChange(listener),
    onMembersChange: (listener) => consensus.onMembersChange(listener),
  };
}
