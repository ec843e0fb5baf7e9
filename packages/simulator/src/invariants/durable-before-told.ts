import type { Message, Term } from "@raftkv/raft-core";
import type { NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/** Nothing leaves a node whose truth depends on a term, a vote or an entry that its disk does not hold (rule 1). */
export function durableBeforeTold(): Invariant {
  return {
    name: "durable before told",
    observe(observation, view) {
      if (observation.kind !== "sent") return;
      const node = view.node(observation.from);
      const lacking = lackingOf(observation.message, node, observation.to);
      if (lacking === undefined) return;
      throw new Error(`node ${node.id} sends a ${observation.message.kind}, and its disk does not hold ${lacking}`);
    },
  };
}

function lackingOf(message: Message, node: NodeView, to: number): string | undefined {
  switch (message.kind) {
    case "voteRequest":
      return vote(node, message.term, node.id);
    case "voteResponse":
      return message.granted ? vote(node, message.term, to) : undefined;
    case "appendRequest":
    case "heartbeatRequest":
      return term(node, message.term);
    case "appendResponse":
      if (message.rejected) return undefined;
      return term(node, message.term) ?? entry(node, message.match);
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

/** What the disk holds at `match` must be what the node has said it has there. */
function entry({ durable, written }: NodeView, match: number): string | undefined {
  if (match < durable.base.index) return undefined;
  const held = durable.termAt(match);
  return held !== undefined && (held === written.termAt(match) || match < written.base.index)
    ? undefined
    : `entry ${match}, but ${held === undefined ? `ends at ${durable.lastIndex}` : `term ${held} there`}`;
}
