import type { Client } from "@connectrpc/connect";
import type { KvService } from "@raftkv/proto/kv";
import { type Clock, type Consensus, type StorageUsage, systemClock } from "@raftkv/raft-core";
import type { KvError } from "../kv-error.ts";
import { DEFAULT_KV_LIMITS, type KvLimits } from "../limits.ts";
import type { Spool } from "../ports/spool.ts";
import type { ApplyResult } from "../state/answer.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import { Admission } from "./admission.ts";
import { ApplyVersionRaise } from "./apply-version-raise.ts";
import type { HistoryPolicy } from "./auto-compaction.ts";
import { ConsistencyCheck } from "./consistency-check.ts";
import type { LeaderHint } from "./kv-failure.ts";
import { Leadership } from "./leadership.ts";
import { boundedInspection, type InspectPeer } from "./peer-inspection.ts";
import { PendingWrites } from "./pending-writes.ts";
import { Proposer } from "./proposer.ts";
import { Quota } from "./quota.ts";
import { ReadGate } from "./read-gate.ts";
import { ReadPath } from "./read-path.ts";
import { RevisionWaits } from "./revision-waits.ts";
import { WatchHub } from "./watch/watch-hub.ts";

/** The part of a client of another node that forwarding needs. */
export type ForwardClient = Pick<
  Client<typeof KvService>,
  "put" | "delete" | "deleteRange" | "transaction" | "compact" | "grantLease" | "keepLeaseAlive" | "revokeLease"
>;

/** What the services stand on. */
export interface KvServicesOptions {
  readonly consensus: Consensus<ApplyResult>;
  readonly state: KvStateMachine;
  /** Unset fields have the values of `DEFAULT_KV_LIMITS`. */
  readonly limits?: Partial<KvLimits>;
  /** The version of the node, for its status. */
  readonly version: string;
  /** `host:port` at which this node serves. */
  readonly address: string;
  /** What the log takes, for the status: `RaftStorage.usage`. */
  readonly usage: () => StorageUsage;
  /** A client of the leader, for unary writes with `forward`. Without it such writes are refused like the others. */
  readonly forward?: (leader: LeaderHint) => ForwardClient;
  /** What waiting is measured by; `systemClock` unless told. */
  readonly clock?: Clock;
  /** Asks whoever listens at an address who it is: nodes that are to join, and members that have moved. */
  readonly inspect: InspectPeer;
  /** How much history is kept; unset fields have the values of `DEFAULT_HISTORY_POLICY`. */
  readonly history?: Partial<HistoryPolicy>;
  /** So often all members hash their whole state and compare; 0: never. A day unless told. */
  readonly checkIntervalMs?: number;
  /** The state may take up so many bytes before what adds to it is refused. No bound unless told. */
  readonly quotaBytes?: number;
  /** Where backups are put aside. Without it none are given out. */
  readonly spool?: Spool;
  /** Called when another member's state turns out to differ from this node's; the message says from when on. */
  readonly onDifference?: (message: string) => void;
  /** Called when this node's state differs from a majority's: it has to stop. Without it nothing is compared. */
  readonly onDamaged?: (error: KvError) => void;
  /** Calls back when the present turn of the event loop is over; `setImmediate` unless a simulation has its own. */
  readonly endOfTurn?: (callback: () => void) => void;
}

/** What all services and streams of a node share. */
export interface ServiceContext {
  readonly options: KvServicesOptions;
  readonly limits: KvLimits;
  readonly leadership: Leadership;
  readonly pendingWrites: PendingWrites;
  readonly proposer: Proposer;
  readonly readGate: ReadGate;
  readonly readPath: ReadPath;
  readonly admission: Admission;
  readonly inspect: InspectPeer;
  readonly applyVersion: ApplyVersionRaise;
  /** Undefined: nobody is there to stop the node, so nothing is compared. */
  readonly consistency: ConsistencyCheck | undefined;
  readonly watchHub: WatchHub;
}

/** As many as one change of the membership can have steps. */
const maxInspections = 64;

export function serviceContext(options: KvServicesOptions): ServiceContext {
  const limits = { ...DEFAULT_KV_LIMITS, ...options.limits };
  const { consensus, state } = options;
  const leadership = new Leadership(consensus);
  const endOfTurn = options.endOfTurn ?? ((callback) => void setImmediate(callback));
  const gate = new ReadGate(consensus, endOfTurn);
  const inspect = boundedInspection(options.inspect, maxInspections);
  const raise = new ApplyVersionRaise({ consensus, state, inspect });
  const revisions = new RevisionWaits({ state, gate, clock: options.clock ?? systemClock, limits });
  return {
    options,
    limits,
    leadership,
    pendingWrites: new PendingWrites(),
    proposer: new Proposer({ consensus, state, limits, quota: new Quota(state, options.quotaBytes ?? 0), raise }),
    readGate: gate,
    readPath: new ReadPath({ gate, consensus, state, revisions, limits }),
    admission: new Admission(limits.maxRequests, limits.maxRequestBytes),
    inspect,
    applyVersion: raise,
    consistency: consistencyCheck(options, inspect),
    watchHub: new WatchHub({ state, limits, endOfTurn }),
  };
}

function consistencyCheck(options: KvServicesOptions, inspect: InspectPeer): ConsistencyCheck | undefined {
  const { consensus, state, clock = systemClock, onDifference = () => {}, onDamaged } = options;
  if (onDamaged === undefined) return undefined;
  const cluster = () => {
    const { identity, membership } = consensus.status();
    return { self: identity.nodeId, voters: membership.voters, members: membership.members };
  };
  return new ConsistencyCheck({ cluster, state, inspect, clock, onDifference, onDamaged });
}

export const TOO_MANY_REQUESTS = "too many requests are under way: back off, then try again";
