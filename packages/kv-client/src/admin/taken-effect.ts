import type { Member } from "../node-status.ts";
import type { MembershipStep } from "./membership-step.ts";

/** What a change wants of one member. Undefined fields are as they were. */
interface Wanted {
  readonly gone?: boolean;
  readonly learner?: boolean;
  readonly address?: string;
  readonly priority?: number;
}

/**
 * Whether these members, of a membership that does not change by itself any more, are what the steps lead to. It answers what
 * came of a change whose answer was lost; who made it, this change or another like it, cannot be told and does not matter.
 */
export function hasTakenEffect(steps: readonly MembershipStep[], members: readonly Member[]): boolean {
  const wanted = new Map<number, Wanted>();
  const want = (nodeId: number, what: Wanted): void => void wanted.set(nodeId, { ...wanted.get(nodeId), ...what });
  for (const step of steps) {
    switch (step.kind) {
      case "addLearner":
      case "addVoter":
        if (!isAdded(step, steps, members)) return false;
        break;
      case "promote":
        want(step.nodeId, { learner: false });
        break;
      case "demote":
        want(step.nodeId, { learner: true });
        break;
      case "remove":
        want(step.nodeId, { gone: true });
        break;
      case "replace":
        want(step.by, { learner: false });
        want(step.nodeId, { gone: true });
        break;
      case "move":
        want(step.nodeId, { address: step.address });
        break;
      case "setPriority":
        want(step.nodeId, { priority: step.priority });
        break;
    }
  }
  return [...wanted].every(([nodeId, what]) =>
    isAsWanted(
      members.find((member) => member.nodeId === nodeId),
      what,
    ),
  );
}

/** A learner that is promoted once it has caught up may be a voter by now. */
function isAdded(
  step: Extract<MembershipStep, { readonly kind: "addLearner" | "addVoter" }>,
  steps: readonly MembershipStep[],
  members: readonly Member[],
): boolean {
  const member = members.find(({ address }) => address === step.address);
  if (member === undefined) return false;
  if (steps.some((other) => "nodeId" in other && other.nodeId === member.nodeId)) return true;
  if (step.kind === "addVoter") return !member.learner;
  return member.learner || step.promoteWhenCaughtUp === true;
}

function isAsWanted(member: Member | undefined, { gone, learner, address, priority }: Wanted): boolean {
  if (member === undefined) return gone === true;
  // Of a joint membership: whether it goes or learns once that is left is not told.
  if (member.leaving) return gone === true || learner === true;
  return (
    gone !== true &&
    (learner ?? member.learner) === member.learner &&
    (address ?? member.address) === member.address &&
    (priority ?? member.priority) === member.priority
  );
}
