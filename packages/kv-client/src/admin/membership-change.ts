import { Transition } from "@raftkv/proto/cluster";
import type { CallOptions } from "../call.ts";
import { invalidArgument } from "../error.ts";
import { type Member, type NodeStatus, toMember } from "../node-status.ts";
import type { LeaderRequest, LookedUp } from "./leader-calls.ts";
import { checkStep, type MembershipStep, toWireStep } from "./membership-step.ts";
import { hasTakenEffect } from "./taken-effect.ts";

/** Who takes part. */
export interface Membership {
  readonly members: readonly Member[];
  /** It is on its way to another: each decision needs a majority of the voters and one of those who voted before. */
  readonly joint: boolean;
}

export interface ForceOptions extends CallOptions {
  /**
   * Make the change even if the voters that are alive would be no quorum of what it leads to. If they do not come back, the
   * cluster serves no writes any more. False unless told.
   */
  readonly force?: boolean;
}

export interface ChangeMembershipOptions extends ForceOptions {
  /**
   * `auto`, the default: one voter changes at once; several go through a joint membership, which the leader leaves by
   * itself. `explicit`: any change of voters goes through a joint membership, which stays until `leaveJoint`.
   */
  readonly transition?: "auto" | "explicit";
}

const transitions = { auto: Transition.AUTO, explicit: Transition.EXPLICIT } as const;

export function changeRequest(
  steps: readonly MembershipStep[],
  { transition = "auto", force = false }: ChangeMembershipOptions,
): LeaderRequest<Membership> {
  if (!Array.isArray(steps) || steps.length === 0) throw invalidArgument("steps: expected at least one");
  if (!Object.hasOwn(transitions, transition)) {
    throw invalidArgument(`transition is ${JSON.stringify(transition)}: expected "auto" or "explicit"`);
  }
  const checked = steps.map(checkStep);
  const request = { steps: checked.map(toWireStep), transition: transitions[transition], force };
  return {
    name: "changeMembership",
    send: async (client, signal) => {
      const { members, joint } = await client.changeMembership(request, { signal });
      return { members: members.map(toMember), joint };
    },
    change: { repeat: true, lookUp: (leader) => lookUpChange(checked, leader) },
  };
}

export function leaveJointRequest(): LeaderRequest<Membership> {
  return {
    name: "leaveJoint",
    send: async (client, signal) => {
      const { members } = await client.leaveJoint({}, { signal });
      return { members: members.map(toMember), joint: false };
    },
    change: {
      repeat: true,
      lookUp: ({ members, joint, membershipCommitted }) => {
        if (!membershipCommitted) return { kind: "underWay" };
        return joint ? { kind: "notDone" } : { kind: "done", value: { members, joint } };
      },
    },
  };
}

/** A joint membership that stays is what the change has come to; one that is left by itself is on the way there. */
function lookUpChange(
  steps: readonly MembershipStep[],
  { members, joint, leavesOnRequest, membershipCommitted }: NodeStatus,
): LookedUp<Membership> {
  if (!membershipCommitted || (joint && !leavesOnRequest)) return { kind: "underWay" };
  return hasTakenEffect(steps, members) ? { kind: "done", value: { members, joint } } : { kind: "notDone" };
}
