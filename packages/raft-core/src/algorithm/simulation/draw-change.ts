import type { NodeId } from "../entry.ts";
import type { SeededRandom } from "../harness/seeded-random.ts";
import { testMember } from "../harness/settings.ts";
import type { Membership } from "../membership.ts";
import type { MembershipChange, MembershipStep } from "../membership-change.ts";

/** A change at random that mostly fits. Often forced: who is silent now may be back by the time that it matters. */
export function drawChange(random: SeededRandom, current: Membership, ids: readonly NodeId[]): MembershipChange {
  const count = random.chance(0.6) ? 1 : 2 + random.below(3);
  return {
    steps: Array.from({ length: count }, () => drawStep(random, current, ids)),
    transition: random.chance(0.8) ? "auto" : "explicit",
    force: random.chance(0.7),
  };
}

function drawStep(random: SeededRandom, { voters, learners }: Membership, ids: readonly NodeId[]): MembershipStep {
  const members = [...voters, ...learners];
  const outside = random.pick(ids.filter((id) => !members.includes(id)));
  const voter = random.pick(voters) ?? 0;
  const learner = random.pick(learners);
  const chance = random.next();
  if (outside !== undefined && chance < 0.2) return { kind: "addVoter", member: testMember(outside) };
  if (outside !== undefined && chance < 0.5) {
    return { kind: "addLearner", member: testMember(outside), promoteWhenCaughtUp: random.chance(0.4) };
  }
  if (learner !== undefined && chance < 0.65) return { kind: "promote", id: learner };
  if (learner !== undefined && chance < 0.75) return { kind: "replace", id: voter, by: learner };
  if (chance < 0.85) return { kind: "demote", id: voter };
  const id = random.pick(members) ?? 0;
  return chance < 0.93 ? { kind: "remove", id } : { kind: "setPriority", id, priority: random.below(3) };
}
