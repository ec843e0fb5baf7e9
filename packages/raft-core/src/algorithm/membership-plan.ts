import type { NodeId } from "./entry.ts";
import type { Member, Membership } from "./membership.ts";
import type { MembershipChange, MembershipStep } from "./membership-change.ts";
import { priorityProblem, withPriority } from "./priority.ts";

/** The membership that a change leads to, or why there is none. */
export type MembershipPlan =
  | { readonly kind: "valid"; readonly next: Membership }
  | { readonly kind: "invalid"; readonly problem: string };

/** What the steps have made of a membership so far. */
interface Draft {
  readonly voters: Set<NodeId>;
  readonly learners: Set<NodeId>;
  readonly promoteWhenCaughtUp: Set<NodeId>;
  readonly members: Map<NodeId, Member>;
  /** Members before the change. Who is removed comes back by another change, so that nobody mixes up the two. */
  readonly before: ReadonlySet<NodeId>;
}

/** The next membership after `current`, which is not joint: the target itself, or the joint one on the way there. */
export function planChange(current: Membership, change: MembershipChange): MembershipPlan {
  const draft = draftOf(current);
  for (const step of change.steps) {
    const problem = takeStep(draft, step);
    if (problem !== undefined) return { kind: "invalid", problem };
  }
  const problem = problemOf(draft);
  if (problem !== undefined) return { kind: "invalid", problem };
  const target = targetOf(draft);
  if (isSame(target, current)) return { kind: "invalid", problem: "the change leaves everything as it is" };
  return { kind: "valid", next: needsJoint(current, target, change) ? jointOf(current, target, change) : target };
}

/** What stays when the joint membership is left: its incoming half, and those who learn from then on. */
export function afterJoint(joint: Membership): Membership {
  const learners = ascending([...joint.learners, ...(joint.learnersNext ?? [])]);
  const stays = new Set([...joint.voters, ...learners]);
  return {
    voters: joint.voters,
    outgoingVoters: [],
    learners,
    members: joint.members.filter(({ id }) => stays.has(id)),
    ...(joint.promoteWhenCaughtUp === undefined ? {} : { promoteWhenCaughtUp: joint.promoteWhenCaughtUp }),
  };
}

function draftOf({ voters, learners, promoteWhenCaughtUp, members }: Membership): Draft {
  return {
    voters: new Set(voters),
    learners: new Set(learners),
    promoteWhenCaughtUp: new Set(promoteWhenCaughtUp),
    members: new Map(members.map((member) => [member.id, member])),
    before: new Set(members.map(({ id }) => id)),
  };
}

/** Answers what is wrong with the step, if anything is. */
function takeStep(draft: Draft, step: MembershipStep): string | undefined {
  switch (step.kind) {
    case "addLearner":
      return add(draft, step.member, step.promoteWhenCaughtUp === true ? "promoted" : "learner");
    case "addVoter":
      return add(draft, step.member, "voter");
    case "promote":
      return promote(draft, step.id);
    case "demote":
      return demote(draft, step.id);
    case "remove":
      return remove(draft, step.id);
    case "replace":
      if (!draft.voters.has(step.id)) return `node ${step.id} is no voter, so nobody can take its place`;
      return promote(draft, step.by) ?? remove(draft, step.id);
    case "moveAddress":
      return move(draft, step.id, step.address);
    case "setPriority":
      return setPriority(draft, step.id, step.priority);
  }
}

function add(draft: Draft, member: Member, as: "voter" | "learner" | "promoted"): string | undefined {
  const { id } = member;
  if (!Number.isSafeInteger(id) || id <= 0) return `${id} is no node id: it has to be a positive integer`;
  if (draft.members.has(id) || draft.before.has(id)) return `node ${id} is a member already`;
  const priority = member.priority ?? 0;
  const problem = priorityProblem(priority);
  if (problem !== undefined) return problem;
  draft.members.set(id, withPriority(member, priority));
  if (as === "voter") draft.voters.add(id);
  else draft.learners.add(id);
  if (as === "promoted") draft.promoteWhenCaughtUp.add(id);
  return undefined;
}

function promote(draft: Draft, id: NodeId): string | undefined {
  if (!draft.learners.delete(id)) return `node ${id} is no learner, so it cannot be promoted`;
  draft.promoteWhenCaughtUp.delete(id);
  draft.voters.add(id);
  return undefined;
}

function demote(draft: Draft, id: NodeId): string | undefined {
  if (!draft.voters.delete(id)) return `node ${id} is no voter, so it cannot be demoted`;
  draft.learners.add(id);
  return undefined;
}

function remove(draft: Draft, id: NodeId): string | undefined {
  if (!draft.members.delete(id)) return `node ${id} is no member, so it cannot be removed`;
  draft.voters.delete(id);
  draft.learners.delete(id);
  draft.promoteWhenCaughtUp.delete(id);
  return undefined;
}

function move(draft: Draft, id: NodeId, address: string): string | undefined {
  const member = draft.members.get(id);
  if (member === undefined) return `node ${id} is no member, so it cannot move`;
  draft.members.set(id, { ...member, address });
  return undefined;
}

function setPriority(draft: Draft, id: NodeId, priority: number): string | undefined {
  const member = draft.members.get(id);
  if (member === undefined) return `node ${id} is no member, so it has no priority`;
  draft.members.set(id, withPriority(member, priority));
  return priorityProblem(priority);
}

function problemOf(draft: Draft): string | undefined {
  if (draft.voters.size === 0) return "no voter would be left";
  const addresses = new Map<string, NodeId>();
  const identities = new Map<string, NodeId>();
  for (const { id, address, memberId } of draft.members.values()) {
    if (address === "" || memberId === "") return `node ${id} lacks an address or a member id`;
    const neighbour = addresses.get(address);
    if (neighbour !== undefined) return `nodes ${neighbour} and ${id} would both be at ${address}`;
    const twin = identities.get(memberId);
    if (twin !== undefined) return `nodes ${twin} and ${id} would both be the member ${memberId}`;
    addresses.set(address, id);
    identities.set(memberId, id);
  }
  return undefined;
}

function targetOf(draft: Draft): Membership {
  const promoteWhenCaughtUp = ascending(draft.promoteWhenCaughtUp);
  return {
    voters: ascending(draft.voters),
    outgoingVoters: [],
    learners: ascending(draft.learners),
    members: byId(draft.members),
    ...(promoteWhenCaughtUp.length === 0 ? {} : { promoteWhenCaughtUp }),
  };
}

/** Majorities of voters that differ by one node always meet (dissertation, section 4.1). */
function needsJoint(current: Membership, target: Membership, { transition }: MembershipChange): boolean {
  const joining = target.voters.filter((id) => !current.voters.includes(id)).length;
  const leaving = current.voters.filter((id) => !target.voters.includes(id)).length;
  return joining + leaving > (transition === "auto" ? 1 : 0);
}

function jointOf(current: Membership, target: Membership, { transition }: MembershipChange): Membership {
  const members = new Map([...current.members, ...target.members].map((member) => [member.id, member]));
  const outgoing = new Set(current.voters);
  const named = new Set([...target.voters, ...target.learners, ...outgoing]);
  for (const id of members.keys()) if (!named.has(id)) members.delete(id);
  const learnersNext = target.learners.filter((id) => outgoing.has(id));
  return {
    ...target,
    outgoingVoters: current.voters,
    learners: target.learners.filter((id) => !outgoing.has(id)),
    members: byId(members),
    ...(learnersNext.length === 0 ? {} : { learnersNext }),
    ...(transition === "explicit" ? { leavesOnRequest: true } : {}),
  };
}

/** Of two memberships that are not joint. */
function isSame(a: Membership, b: Membership): boolean {
  const facts = ({ voters, learners, members, promoteWhenCaughtUp = [] }: Membership) =>
    JSON.stringify([
      voters,
      learners,
      promoteWhenCaughtUp,
      members.map(({ id, address, memberId, priority = 0 }) => [id, address, memberId, priority]),
    ]);
  return facts(a) === facts(b);
}

function ascending(ids: Iterable<NodeId>): readonly NodeId[] {
  return [...ids].sort((a, b) => a - b);
}

function byId(members: ReadonlyMap<NodeId, Member>): readonly Member[] {
  return [...members.values()].sort((a, b) => a.id - b.id);
}
