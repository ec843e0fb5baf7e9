import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type ChangeMembershipRequest,
  type ChangeMembershipResponse,
  ChangeMembershipResponseSchema,
  type InspectAddressRequest,
  type InspectAddressResponse,
  InspectAddressResponseSchema,
  type LeaveJointResponse,
  LeaveJointResponseSchema,
  type TakeSnapshotResponse,
  TakeSnapshotResponseSchema,
  type TransferLeadershipRequest,
  type TransferLeadershipResponse,
  TransferLeadershipResponseSchema,
} from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { RaftError, type Term } from "@raftkv/raft-core";
import { notLeader } from "./error-mapping.ts";
import { KvFailure } from "./kv-failure.ts";
import { memberMessages } from "./member-messages.ts";
import { checkAddress, membershipChange } from "./membership-steps.ts";
import { inspectPeer, whyTooOld } from "./peer-inspection.ts";
import { SHUTTING_DOWN } from "./pending-writes.ts";
import type { ServiceContext } from "./service-context.ts";

type Call = Pick<HandlerContext, "signal">;

/*
 * What operators ask for. Each rejects with a `KvFailure`, with what consensus rejects with, or with the signal's reason;
 * the latter leaves it open whether the leader still does what was asked.
 */

export async function changeMembership(
  context: ServiceContext,
  request: ChangeMembershipRequest,
  { signal }: Call,
): Promise<ChangeMembershipResponse> {
  requireLeadership(context);
  const { inspect, applyVersion, readGate } = context;
  const { consensus } = context.options;
  const { identity, membership } = consensus.status();
  const surroundings = { clusterId: identity.clusterId, members: membership.members, inspect };
  const { change, newcomers } = await membershipChange(request, surroundings, signal);
  // After that, what a former leader has raised is known to be applied here.
  if (newcomers.length > 0) await readGate.pass(signal);
  for (const { peer, address } of newcomers) {
    const obstacle = whyTooOld(peer, address, applyVersion.required());
    if (obstacle !== undefined) throw obstacle;
  }
  // No await since the last check: the version cannot have been raised in between.
  const propose = () => consensus.changeMembership(change, signal);
  const result = await ready(newcomers.length > 0 ? applyVersion.join(propose) : propose());
  return create(ChangeMembershipResponseSchema, {
    members: memberMessages(result),
    joint: result.outgoingVoters.length > 0,
  });
}

export async function leaveJoint(context: ServiceContext, { signal }: Call): Promise<LeaveJointResponse> {
  requireLeadership(context);
  const membership = await ready(context.options.consensus.leaveJoint(signal));
  return create(LeaveJointResponseSchema, { members: memberMessages(membership) });
}

export async function transferLeadership(
  context: ServiceContext,
  request: TransferLeadershipRequest,
  { signal }: Call,
): Promise<TransferLeadershipResponse> {
  requireLeadership(context);
  const { consensus } = context.options;
  const to = request.toNodeId === 0n ? undefined : Number(request.toNodeId);
  await ready(consensus.transferLeadership(to, signal));
  return create(TransferLeadershipResponseSchema, { leaderId: BigInt(consensus.status().leader?.id ?? 0) });
}

export async function takeSnapshot({ options }: ServiceContext, { signal }: Call): Promise<TakeSnapshotResponse> {
  await unlessAborted(options.consensus.compactNow(), signal);
  return create(TakeSnapshotResponseSchema, {
    durableIndex: BigInt(options.state.durableIndex()),
    firstIndex: BigInt(options.usage().firstIndex),
  });
}

export async function inspectAddress(
  { inspect }: ServiceContext,
  { address }: InspectAddressRequest,
  { signal }: Call,
): Promise<InspectAddressResponse> {
  checkAddress(address);
  const { nodeId, memberId, clusterId } = await inspectPeer(inspect, address, signal);
  return create(InspectAddressResponseSchema, { nodeId: BigInt(nodeId), memberId, clusterId: clusterId ?? "" });
}

/** The term that this node leads. Throws unless it leads, and goes on doing so. */
export function requireLeadership({ leadership, pendingWrites }: ServiceContext): Term {
  if (pendingWrites.draining) throw new KvFailure(SHUTTING_DOWN);
  const { ledTerm, leader } = leadership.view();
  if (ledTerm === undefined) throw new KvFailure(notLeader(leader));
  return ledTerm;
}

/** Settles as `operation`, which goes on, or rejects sooner with the signal's reason. */
function unlessAborted(operation: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    operation.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted);
  });
}

/** To an operator, a leader that hands leadership over is one that is not ready; to a client it is none. */
async function ready<Result>(operation: Promise<Result>): Promise<Result> {
  try {
    return await operation;
  } catch (error) {
    if (!(error instanceof RaftError) || error.code !== "transferring") throw error;
    throw new KvFailure({ code: ErrorCode.NOT_READY, message: error.message }, { cause: error });
  }
}
