import type { NodeId } from "./entry.ts";
import type { Member, Membership } from "./membership.ts";

const maxPriority = 100;

export function priorityOf(membership: Membership, id: NodeId): number {
  return membership.members.find((member) => member.id === id)?.priority ?? 0;
}

/** The same member, with that priority; in the one form in which members are compared and stored. */
export function withPriority({ id, address, memberId }: Member, priority: number): Member {
  return { id, address, memberId, ...(priority === 0 ? {} : { priority }) };
}

/** What is wrong with a priority, if anything is. */
export function priorityProblem(priority: number): string | undefined {
  if (Number.isSafeInteger(priority) && priority >= 0 && priority <= maxPriority) return undefined;
  return `${priority} is no priority: it has to be a whole number from 0 to ${maxPriority}`;
}
