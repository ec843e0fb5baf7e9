import type { Member, NodeStatus } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";

/** Where a replacement stands when it is begun, for the first time or again. */
export type ReplaceStart =
  /** The new node is no member. */
  | { readonly kind: "fresh"; readonly old: Member }
  /** It is a learner: an earlier run was interrupted, or somebody has added it. */
  | { readonly kind: "learner"; readonly old: Member; readonly learner: Member }
  /** The change that swaps the two is under way. */
  | { readonly kind: "swapping"; readonly by: Member }
  | { readonly kind: "done"; readonly by: Member };

/** Throws a CommandError where the members show that it cannot be done, and says what can. */
export function replaceStart(status: NodeStatus, nodeId: number, address: string): ReplaceStart {
  const { members, joint, leavesOnRequest } = status;
  const old = members.find((member) => member.nodeId === nodeId);
  const there = members.find((member) => member.address === address);
  if (old === undefined) {
    if (there !== undefined && !there.learner) return { kind: "done", by: there };
    throw refused(`there is no node ${nodeId}, and no voter at ${address}: the members are ${namesOf(members)}`);
  }
  if (joint && leavesOnRequest) {
    throw refused("the membership is joint and stays so until it is left: raftkv member leave-joint");
  }
  if (there === undefined) return old.learner ? refuseLearner(old, address) : { kind: "fresh", old };
  if (there.nodeId === nodeId) {
    throw refused(
      `node ${nodeId} itself is at ${address}, and two members cannot share an address: give the new node another one, ` +
        `or remove the old one first (raftkv member remove ${nodeId}) and then add the new one (raftkv member add ${address})`,
    );
  }
  if (!there.learner) {
    if (old.leaving) return { kind: "swapping", by: there };
    throw refused(
      `node ${there.nodeId} at ${address} is a voter already: what is left to do is raftkv member remove ${nodeId}`,
    );
  }
  if (old.learner) return refuseLearner(old, address);
  if (there.promoteWhenCaughtUp) {
    throw refused(
      `node ${there.nodeId} at ${address} is being added, and becomes a voter by itself: once raftkv member list shows ` +
        `that it has, raftkv member remove ${nodeId}`,
    );
  }
  return { kind: "learner", old, learner: there };
}

function refuseLearner({ nodeId }: Member, address: string): never {
  throw refused(
    `node ${nodeId} is a learner, whose place needs no swap: raftkv member add ${address} --learner, then ` +
      `raftkv member remove ${nodeId}`,
  );
}

function namesOf(members: readonly Member[]): string {
  return members.map(({ nodeId, address }) => `${nodeId} (${address})`).join(", ");
}

function refused(message: string): CommandError {
  return new CommandError(message, exitCodes.refused);
}
