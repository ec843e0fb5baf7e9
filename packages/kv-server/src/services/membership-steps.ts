import {
  type AddMember,
  type ChangeMembershipRequest,
  Transition,
  type MembershipStep as WireStep,
} from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import type { Member, MembershipChange, MembershipStep, NodeId } from "@raftkv/raft-core";
import { KvFailure } from "./kv-failure.ts";
import { type InspectedPeer, type InspectPeer, inspectPeer, whyNotJoinable, whyNotMoved } from "./peer-inspection.ts";
import { invalid } from "./text-form.ts";

/** What a change is seen against. */
export interface ChangeSurroundings {
  readonly clusterId: string | undefined;
  readonly members: readonly Member[];
  readonly inspect: InspectPeer;
}

/** Who answers at an address at which a node is to join. */
export interface Newcomer {
  readonly address: string;
  readonly peer: InspectedPeer;
}

export interface ParsedChange {
  readonly change: MembershipChange;
  readonly newcomers: readonly Newcomer[];
}

/** More steps than a change of everything in the largest sensible cluster has. */
const maxSteps = 64;

/**
 * Parses the request, and asks the nodes at the addresses that it names who they are. Rejects with a `KvFailure`, and
 * nothing has happened then.
 */
export async function membershipChange(
  request: ChangeMembershipRequest,
  surroundings: ChangeSurroundings,
  signal: AbortSignal,
): Promise<ParsedChange> {
  const { steps, force } = request;
  if (steps.length === 0) throw new KvFailure(invalid("the change has no steps"));
  if (steps.length > maxSteps) {
    throw new KvFailure(invalid(`the change has ${steps.length} steps, at most ${maxSteps} are allowed`));
  }
  const transition = transitionOf(request.transition);
  for (const step of steps) checkStep(step, surroundings);
  const newcomers: Newcomer[] = [];
  const onNewcomer = (newcomer: Newcomer) => newcomers.push(newcomer);
  const parsed = await Promise.all(steps.map((step) => membershipStep(step, force, surroundings, onNewcomer, signal)));
  return { change: { steps: parsed, transition, ...(force ? { force } : {}) }, newcomers };
}

function transitionOf(transition: Transition): MembershipChange["transition"] {
  switch (transition) {
    case Transition.UNSPECIFIED:
    case Transition.AUTO:
      return "auto";
    case Transition.EXPLICIT:
      return "explicit";
    default:
      throw new KvFailure(invalid(`transition ${transition} is unknown to this version of raftkv`));
  }
}

/** Everything that needs no other node to be found out. */
function checkStep({ step }: WireStep, surroundings: ChangeSurroundings): void {
  switch (step.case) {
    case "addLearner":
    case "addVoter":
      checkAddress(step.value.address);
      return;
    case "promote":
    case "demote":
    case "remove":
      knownMember(step.value, surroundings);
      return;
    case "replace":
      knownMember(step.value.nodeId, surroundings);
      knownMember(step.value.by, surroundings);
      return;
    case "move":
      checkAddress(step.value.address);
      knownMember(step.value.nodeId, surroundings);
      return;
    case "setPriority":
      knownMember(step.value.nodeId, surroundings);
      return;
    case undefined:
      throw new KvFailure(invalid("a step is empty, or unknown to this version of raftkv"));
  }
}

async function membershipStep(
  { step }: WireStep,
  force: boolean,
  surroundings: ChangeSurroundings,
  onNewcomer: (newcomer: Newcomer) => void,
  signal: AbortSignal,
): Promise<MembershipStep> {
  switch (step.case) {
    case "addLearner": {
      const { promoteWhenCaughtUp } = step.value;
      const member = await joiningMember(step.value, surroundings, onNewcomer, signal);
      return { kind: "addLearner", member, ...(promoteWhenCaughtUp ? { promoteWhenCaughtUp } : {}) };
    }
    case "addVoter":
      return { kind: "addVoter", member: await joiningMember(step.value, surroundings, onNewcomer, signal) };
    case "promote":
    case "demote":
    case "remove":
      return { kind: step.case, id: knownMember(step.value, surroundings).id };
    case "replace":
      return {
        kind: "replace",
        id: knownMember(step.value.nodeId, surroundings).id,
        by: knownMember(step.value.by, surroundings).id,
      };
    case "move":
      return moveStep(step.value.nodeId, step.value.address, force, surroundings, signal);
    case "setPriority": {
      const { nodeId, priority } = step.value;
      return { kind: "setPriority", id: knownMember(nodeId, surroundings).id, priority };
    }
    default:
      throw new KvFailure(invalid("a step is empty, or unknown to this version of raftkv"));
  }
}

/** Whoever waits at the address becomes a member. */
async function joiningMember(
  { address, priority }: AddMember,
  { inspect, clusterId, members }: ChangeSurroundings,
  onNewcomer: (newcomer: Newcomer) => void,
  signal: AbortSignal,
): Promise<Member> {
  const peer = await inspectPeer(inspect, address, signal);
  const obstacle = whyNotJoinable(peer, address, clusterId, members);
  if (obstacle !== undefined) throw obstacle;
  onNewcomer({ address, peer });
  return { id: peer.nodeId, address, memberId: peer.memberId, ...(priority === 0 ? {} : { priority }) };
}

/** Nobody has to answer at the new address where the change is forced. */
async function moveStep(
  nodeId: bigint,
  address: string,
  force: boolean,
  surroundings: ChangeSurroundings,
  signal: AbortSignal,
): Promise<MembershipStep> {
  const member = knownMember(nodeId, surroundings);
  if (!force) {
    const obstacle = whyNotMoved(await inspectPeer(surroundings.inspect, address, signal), address, member);
    if (obstacle !== undefined) throw obstacle;
  }
  return { kind: "moveAddress", id: member.id, address };
}

function knownMember(id: bigint, { members }: ChangeSurroundings): Member {
  const known = members.find((member) => BigInt(member.id) === id);
  if (known !== undefined) return known;
  const ids = members.map((member): NodeId => member.id).join(", ");
  throw new KvFailure({
    code: ErrorCode.UNKNOWN_MEMBER,
    message: `no member has the id ${id}: the members are ${ids}`,
  });
}

/** Throws a `KvFailure` for what is no address of another node. */
export function checkAddress(address: string): void {
  const [, port] = /^(?:\[[0-9a-f:.]+\]|[^\s:[\]/]+):(\d{1,5})$/i.exec(address) ?? [];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return;
  throw new KvFailure(invalid(`found the address ${JSON.stringify(address.slice(0, 100))}, expected host:port`));
}
