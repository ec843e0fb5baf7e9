import type { Term } from "@raftkv/raft-core";
import type { NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/**
 * A node votes at most once in a term, over restarts too (Raft, section 5.2); on a new disk it is another member, as a
 * voter and as a candidate.
 */
export function oneVoteATerm(): Invariant {
  const votes = new Map<string, string>();
  const voted = ({ id: voter, memberId }: NodeView, term: Term, candidate: string): void => {
    const key = `${voter}/${memberId}/${term}`;
    const known = votes.get(key);
    if (known === undefined) votes.set(key, candidate);
    else if (known !== candidate) {
      throw new Error(`node ${voter} voted for both node ${known} and node ${candidate} in term ${term}`);
    }
  };
  return {
    name: "one vote a term",
    looksAt: ["sent"],
    observe(observation, view) {
      if (observation.kind !== "sent") return;
      const { from, to, toMemberId, message } = observation;
      if (message.kind === "voteRequest") voted(view.node(from), message.term, `${from} (${view.node(from).memberId})`);
      if (message.kind === "voteResponse" && message.granted) {
        voted(view.node(from), message.term, `${to} (${toMemberId})`);
      }
    },
  };
}
