import type { Member, Membership, NodeId } from "@raftkv/raft-core";
import type { Formation, Introduction } from "@raftkv/transport-connect";
import type { Founder, Newcomer } from "./founder.ts";

/** What one founder answered when it was asked who it is. */
export type Answer =
  | { readonly kind: "introduced"; readonly founder: Founder; readonly introduction: Introduction }
  | { readonly kind: "unreachable"; readonly founder: Founder; readonly reason: string | undefined };

export type Verdict =
  /** The cluster has formed, with this data directory in it. */
  | { readonly kind: "adopt"; readonly formation: Formation }
  /** Everybody has spoken, and this node is the one that decides: it draws a cluster id and makes this durable. */
  | { readonly kind: "decide"; readonly membership: Membership }
  /** There is a cluster, and this data directory does not belong to it. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "wait"; readonly reasons: readonly string[] };

/**
 * Decides what follows from the answers of one round, in which every other founder was asked. One node only ever
 * decides: the founder that was restored from a backup, or else the one with the lowest id; and only when all founders have
 * spoken in the same round and none of them knows of a cluster. Every other node takes over what was decided if it names its
 * own data directory. Who was restored takes over nothing: the cluster would begin without what it holds.
 */
export function judgeRound(self: Newcomer, answers: readonly Answer[]): Verdict {
  for (const answer of answers) {
    const verdict = answer.kind === "introduced" ? judgeFormation(self, answer) : undefined;
    if (verdict !== undefined) return verdict;
  }
  const reasons = answers.flatMap(missing);
  if (reasons.length > 0) return { kind: "wait", reasons };
  const members = membersOf(self, answers);
  const restored = restoredFounders(self, answers);
  if (restored.length > 1) return { kind: "wait", reasons: [severalRestored(restored)] };
  const decider = restored[0] ?? members[0]?.id ?? self.nodeId;
  if (decider !== self.nodeId) return { kind: "wait", reasons: [`node ${decider} to form the cluster`] };
  return { kind: "decide", membership: bootstrapMembership(members) };
}

function judgeFormation(self: Newcomer, answer: Answer & { readonly kind: "introduced" }): Verdict | undefined {
  const { formation } = answer.introduction;
  if (formation === undefined || isUnknown(formation.membership)) return undefined;
  const { clusterId, membership } = formation;
  const recorded = membership.members.find((member) => member.id === self.nodeId);
  const teller = `node ${answer.founder.id} at ${answer.founder.address}`;
  if (isRestored(self)) return { kind: "refused", message: formedWithout(self, clusterId, teller) };
  if (recorded?.memberId === self.memberId) return { kind: "adopt", formation };
  return { kind: "refused", message: refusal(self, clusterId, teller, recorded) };
}

function refusal(self: Newcomer, clusterId: string, teller: string, recorded: Member | undefined): string {
  if (recorded === undefined) {
    return (
      `node ${self.nodeId} is not a member of cluster ${clusterId}, which ${teller} belongs to: to add it, start it ` +
      `with --join and run raftkv member add ${self.address}; for a new cluster, give all its nodes fresh data directories`
    );
  }
  return (
    `cluster ${clusterId} knows node ${self.nodeId} with another data directory (${teller} says so), and this one is ` +
    "empty: a node that has lost its disk must not vote under its old identity. Start it on its old data directory; if " +
    "that is lost, let a new node take its place: start it under an --id of its own with --join, and run " +
    `raftkv member replace ${self.nodeId} ADDRESS (or, to keep the id, raftkv member remove ${self.nodeId}, then ` +
    "start it with --join, then raftkv member add ADDRESS)"
  );
}

function formedWithout(self: Newcomer, clusterId: string, teller: string): string {
  return (
    `node ${self.nodeId} was restored from a backup, and cluster ${clusterId}, which ${teller} belongs to, has formed without ` +
    "what it holds: give every other node of cluster.conf a fresh data directory, and start them together with this one"
  );
}

function restoredFounders(self: Newcomer, answers: readonly Answer[]): readonly NodeId[] {
  const others = answers.flatMap((answer) =>
    answer.kind === "introduced" && isRestored(answer.introduction) ? [answer.founder.id] : [],
  );
  return isRestored(self) ? [self.nodeId, ...others] : others;
}

function isRestored({ restoredIndex = 0 }: Pick<Introduction, "restoredIndex">): boolean {
  return restoredIndex > 0;
}

function severalRestored(restored: readonly NodeId[]): string {
  return (
    `all but one of nodes ${restored.toSorted((a, b) => a - b).join(", ")} to get a fresh data directory: each was restored ` +
    "from a backup, and the others get the state from the one that was"
  );
}

function missing(answer: Answer): readonly string[] {
  const { id, address } = answer.founder;
  if (answer.kind === "unreachable") {
    return [`node ${id} at ${address}${answer.reason === undefined ? "" : ` (${answer.reason})`}`];
  }
  const { nodeId, formation } = answer.introduction;
  if (formation !== undefined && isUnknown(formation.membership)) {
    return [`node ${id} at ${address} (it does not know yet who belongs to its cluster)`];
  }
  return nodeId === id ? [] : [`node ${id} at ${address} (found node ${nodeId} there: check the addresses)`];
}

/** Of a founder that gets its state, and with it the membership, from the one that was restored from a backup. */
function isUnknown({ members }: Membership): boolean {
  return members.length === 0;
}

function membersOf(self: Newcomer, answers: readonly Answer[]): readonly Member[] {
  const others = answers.flatMap((answer) =>
    answer.kind === "introduced" ? [memberOf(answer.founder, answer.introduction.memberId)] : [],
  );
  const own = memberOf({ id: self.nodeId, address: self.address, priority: self.priority }, self.memberId);
  return [own, ...others].toSorted((a, b) => a.id - b.id);
}

function memberOf({ id, address, priority = 0 }: Founder, memberId: string): Member {
  return { id, address, memberId, ...(priority === 0 ? {} : { priority }) };
}

function bootstrapMembership(members: readonly Member[]): Membership {
  return { voters: members.map((member) => member.id), outgoingVoters: [], learners: [], members };
}
