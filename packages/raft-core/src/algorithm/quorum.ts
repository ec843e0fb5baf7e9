import type { NodeId } from "./entry.ts";
import type { Membership } from "./membership.ts";

/** The sets that decide. Each that is not empty must agree by majority (Raft, section 6: joint consensus). */
export type VoterSets = Pick<Membership, "voters" | "outgoingVoters">;

/** `pending`: answers still missing could turn it either way. */
export type QuorumAnswer = "pending" | "won" | "lost";

/** How a vote stands, given each voter's answer so far (undefined: none yet). Without voters nothing is ever won. */
export function voteResult(sets: VoterSets, answerOf: (voter: NodeId) => boolean | undefined): QuorumAnswer {
  const incoming = majorityResult(sets.voters, answerOf);
  if (sets.outgoingVoters.length === 0) return incoming;
  const outgoing = majorityResult(sets.outgoingVoters, answerOf);
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}

/** Whether those for whom `agrees` holds are a quorum. */
export function isQuorum(sets: VoterSets, agrees: (voter: NodeId) => boolean): boolean {
  return voteResult(sets, agrees) === "won";
}

/** The highest value that a quorum has reached: for match indexes the one that is committed (Raft, section 5.4.2). */
export function quorumValue(sets: VoterSets, reached: (voter: NodeId) => number): number {
  const incoming = majorityValue(sets.voters, reached);
  return sets.outgoingVoters.length === 0 ? incoming : Math.min(incoming, majorityValue(sets.outgoingVoters, reached));
}

function majorityResult(voters: readonly NodeId[], answerOf: (voter: NodeId) => boolean | undefined): QuorumAnswer {
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const answer = answerOf(voter);
    if (answer === true) granted++;
    else if (answer === false) refused++;
  }
  const majority = majorityOf(voters);
  if (granted >= majority) return "won";
  return voters.length - refused < majority ? "lost" : "pending";
}

function majorityValue(voters: readonly NodeId[], reached: (voter: NodeId) => number): number {
  const descending = voters.map(reached).sort((a, b) => b - a);
  return descending[majorityOf(voters) - 1] ?? 0;
}

function majorityOf(voters: readonly NodeId[]): number {
  return Math.floor(voters.length / 2) + 1;
}
