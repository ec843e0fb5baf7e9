import type { Member, Membership, MembershipChange, MembershipStep, NodeId } from "@raftkv/raft-core";
import type { MembershipAction } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";

/** What a change is drawn from. */
export interface Situation {
  readonly actions: readonly MembershipAction[];
  /** As the node that is going to be asked knows it. */
  readonly current: Membership;
  /** Nodes that are no members there, and could be. */
  readonly outside: readonly Member[];
  /** Members whose disk is lost: they never come back as what they were. */
  readonly lost: readonly NodeId[];
  /** A node's address is as good as another with this number. */
  readonly addressOf: (id: NodeId, number: number) => string;
}

/** A change that mostly fits the membership; undefined where none of the actions does. */
export function drawChange(chance: Chance, situation: Situation): MembershipChange | undefined {
  const { actions } = situation;
  const count = actions.includes("several") && chance.happens(0.4) ? chance.integer(2, 4) : 1;
  const steps: MembershipStep[] = [];
  for (let step = 0; step < count; step++) {
    const drawn = drawStep(chance, situation);
    if (drawn !== undefined && !steps.some((other) => nodeOf(other) === nodeOf(drawn))) steps.push(drawn);
  }
  if (steps.length === 0) return undefined;
  return {
    steps,
    transition: actions.includes("explicit") && chance.happens(0.4) ? "explicit" : "auto",
    force: actions.includes("force") && chance.happens(0.5),
  };
}

/**
 * While a disk is lost a change must not need it: else the cluster would be asked for what nobody could do. What takes
 * the lost member out, and what adds to those who are there, is always fine.
 */
export function isPossible({ steps }: MembershipChange, lost: readonly NodeId[]): boolean {
  return lost.length === 0 || steps.every((step) => doesWithout(step, lost));
}

function doesWithout(step: MembershipStep, lost: readonly NodeId[]): boolean {
  switch (step.kind) {
    case "remove":
      return lost.includes(step.id);
    case "replace":
      return lost.includes(step.id) && !lost.includes(step.by);
    case "promote":
      return !lost.includes(step.id);
    case "demote":
      return false;
    case "addLearner":
    case "addVoter":
    case "moveAddress":
    case "setPriority":
      return true;
  }
}

function drawStep(chance: Chance, situation: Situation): MembershipStep | undefined {
  const { current, outside, lost, addressOf } = situation;
  const members = [...current.voters, ...current.learners];
  // Whoever runs the cluster sees to what is lost.
  const gone = chance.pick(members.filter((id) => lost.includes(id)));
  if (gone !== undefined && chance.happens(0.7)) {
    const by = chance.pick(current.learners.filter((id) => !lost.includes(id)));
    if (by !== undefined && current.voters.includes(gone) && chance.happens(0.5))
      return { kind: "replace", id: gone, by };
    return { kind: "remove", id: gone };
  }
  const member = chance.pick(outside);
  const voter = chance.pick(current.voters);
  const learner = chance.pick(current.learners);
  const anybody = chance.pick(members);
  const steps: readonly (MembershipStep | false)[] = [
    member !== undefined && { kind: "addLearner", member, promoteWhenCaughtUp: chance.happens(0.5) },
    member !== undefined && { kind: "addVoter", member },
    learner !== undefined && { kind: "promote", id: learner },
    voter !== undefined && { kind: "demote", id: voter },
    anybody !== undefined && { kind: "remove", id: anybody },
    learner !== undefined && voter !== undefined && { kind: "replace", id: voter, by: learner },
    anybody !== undefined && { kind: "setPriority", id: anybody, priority: chance.integer(0, 3) },
    anybody !== undefined && { kind: "moveAddress", id: anybody, address: addressOf(anybody, chance.integer(1, 3)) },
  ];
  return chance.pick(steps.filter((step) => step !== false).filter((step) => situation.actions.includes(step.kind)));
}

function nodeOf(step: MembershipStep): NodeId {
  return step.kind === "addLearner" || step.kind === "addVoter" ? step.member.id : step.id;
}
