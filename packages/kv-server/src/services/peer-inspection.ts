import { ConnectError } from "@connectrpc/connect";
import { ErrorCode } from "@raftkv/proto/kv";
import type { Index, Member, NodeId } from "@raftkv/raft-core";
import type { CheckedState } from "../state/checked-rows.ts";
import type { StateMark } from "../state/state-marks.ts";
import { KvFailure } from "./kv-failure.ts";

/** Who listens at an address. */
export interface InspectedPeer {
  readonly nodeId: NodeId;
  readonly memberId: string;
  /** Undefined: it belongs to no cluster yet. */
  readonly clusterId: string | undefined;
  /** The latest way of applying entries that its state machine knows. */
  readonly maxApplyVersion: number;
  /** What its state was at some entries of the log. */
  readonly marks?: readonly StateMark[];
  /** The same at revisions that were asked for, within an entry: their `index` is 0. */
  readonly revisionMarks?: readonly StateMark[];
  /** What it has read of its whole state last, for a check. */
  readonly whole?: WholeMark | undefined;
}

/** A whole state as of an entry of the log. */
export type WholeMark = Pick<CheckedState, "index" | "revision" | "fingerprint">;

/** Asks for marks at these places too, as far as they are known there; at most `MAX_WANTED_MARKS` of each. */
export interface WantedMarks {
  readonly indexes: readonly Index[];
  readonly revisions: readonly number[];
}

export const MAX_WANTED_MARKS = 64;

/** Asks whoever listens at `host:port` who it is. Rejects if nobody answers in time, and with the signal's reason. */
export type InspectPeer = (address: string, signal: AbortSignal, wanted?: WantedMarks) => Promise<InspectedPeer>;

/** Anybody may have addresses asked; the sockets that this takes are bounded. */
export function boundedInspection(inspect: InspectPeer, most: number): InspectPeer {
  let underWay = 0;
  return async (address, signal, wanted) => {
    if (underWay >= most) {
      const message = `${most} addresses are being asked already: try again in a while`;
      throw new KvFailure({ code: ErrorCode.RESOURCE_EXHAUSTED, message });
    }
    underWay++;
    try {
      return await inspect(address, signal, wanted);
    } finally {
      underWay--;
    }
  };
}

const TOO_LATE = "the deadline passed, with nothing changed, before a node had answered at ";

/** Rejects with a `KvFailure`: nobody answers, or there was no time to wait for it. */
export async function inspectPeer(inspect: InspectPeer, address: string, signal: AbortSignal): Promise<InspectedPeer> {
  try {
    signal.throwIfAborted();
    return await inspect(address, signal);
  } catch (error) {
    if (signal.aborted) throw new KvFailure({ code: ErrorCode.DEADLINE_EXCEEDED, message: TOO_LATE + address });
    if (error instanceof KvFailure) throw error;
    const { rawMessage: reason } = ConnectError.from(error);
    const message = `no raftkv node answers at ${address} (${reason}): start it, or check the address`;
    throw new KvFailure({ code: ErrorCode.PEER_UNREACHABLE, message }, { cause: error });
  }
}

/** Why `peer` must not get the log of a cluster whose entries are applied in the way `required`. Undefined: it may. */
export function whyTooOld(peer: InspectedPeer, address: string, required: number): KvFailure | undefined {
  if (peer.maxApplyVersion >= required) return undefined;
  return new KvFailure({
    code: ErrorCode.PEER_NOT_JOINABLE,
    message:
      `node ${peer.nodeId} at ${address} runs an earlier version of raftkv, which would apply the log of this cluster in ` +
      "another way: start it with the version that the others run",
  });
}

/** What stands against adding `peer`, which was found at `address`. Undefined: nothing. */
export function whyNotJoinable(
  peer: InspectedPeer,
  address: string,
  clusterId: string | undefined,
  members: readonly Member[],
): KvFailure | undefined {
  const { nodeId } = peer;
  if (peer.clusterId !== undefined && peer.clusterId !== clusterId) {
    return new KvFailure({
      code: ErrorCode.PEER_NOT_JOINABLE,
      message:
        `node ${nodeId} at ${address} belongs to cluster ${peer.clusterId}, and this is cluster ${clusterId}: ` +
        "start it on a fresh data directory, with --join",
    });
  }
  const known = members.find(({ id }) => id === nodeId);
  if (known === undefined) return undefined;
  return invalidChange(
    known.memberId === peer.memberId
      ? `node ${nodeId} at ${address} is a member already`
      : `the cluster has a node ${nodeId} already, at ${known.address} and with another data directory: give the one at ` +
          `${address} an --id of its own, or remove node ${nodeId} first`,
  );
}

/** What stands against taking `address`, where `peer` was found, for the new address of `member`. Undefined: nothing. */
export function whyNotMoved(peer: InspectedPeer, address: string, member: Member): KvFailure | undefined {
  if (peer.nodeId !== member.id) {
    return invalidChange(`node ${peer.nodeId} listens at ${address}, not node ${member.id}`);
  }
  if (peer.memberId === member.memberId) return undefined;
  return invalidChange(
    `node ${member.id} at ${address} has another data directory than the member has: start it on that one, or replace ` +
      "the member by a new node",
  );
}

function invalidChange(message: string): KvFailure {
  return new KvFailure({ code: ErrorCode.INVALID_CHANGE, message });
}
