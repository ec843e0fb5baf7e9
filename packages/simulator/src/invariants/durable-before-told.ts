import type { Message, Term } from "@raftkv/raft-core";
import type { NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/** Nothing leaves a node whose truth depends on a term, a vote or an entry that its disk does not hold (rule 1). */
export function durableBeforeTold(): Invariant {
  return {
    name: "durable before told",
    looksAt: ["sent"],
    observe(observation, view) {
      if (observation.kind !== "sent") return;
      const node = view.node(observation.from);
      const lacking = lackingOf(observation.message, node, view.node(observation.to));
      if (lacking === undefined) return;
      throw new Error(`node ${node.id} sends a ${observation.message.kind}, and its disk does not hold ${lacking}`);
    },
  };
}

function lackingOf(message: Message, node: NodeView, to: NodeView): string | undefined {
  switch (message.kind) {
    case "voteRequest":
      return vote(node, message.term, node.id);
    case "voteResponse":
      return message.granted ? vote(node, message.term, to.id) : undefined;
    case "appendRequest":
    case "heartbeatRequest":
      return term(node, message.term);
    case "appendResponse":
      if (message.rejected) return undefined;
      return term(node, message.term) ?? entry(node, to, message.term, message.match);
    default:
      return undefined;
  }
}

function term({ durableHardState }: NodeView, expected: Term): string | undefined {
  return durableHardState.term >= expected ? undefined : `term ${expected}, but ${durableHardState.term}`;
}

function vote(node: NodeView, inTerm: Term, candidate: number): string | undefined {
  const { term: durableTerm, votedFor } = node.durableHardState;
  if (durableTerm > inTerm || (durableTerm === inTerm && votedFor === candidate)) return undefined;
  return `the vote for node ${candidate} in term ${inTerm}`;
}

/**
 * The disk must hold what the leader has at `match`. Not so once the disk is in a later term: a leader of that term may
 * have had the entries replaced before they were ever written. The acknowledgement is of the earlier term then, and comes
 * to the same as one that left in time.
 */
function entry(node: NodeView, leader: NodeView, inTerm: Term, match: number): string | undefined {
  const { durable, durableHardState } = node;
  if (durableHardState.term > inTerm || match < durable.base.index) return undefined;
  const held = durable.termAt(match);
  if (held === undefined) return `entry ${match}, but ends at ${durable.lastIndex}`;
  const expected = leader.writtenTerm === inTerm ? leader.written.termAt(match) : undefined;
  return expected === undefined || held === expected ? undefined : `entry ${match}@${expected}, but ${match}@${held}`;
}
