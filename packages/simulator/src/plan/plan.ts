import type { MergeLimits } from "@raftkv/kv-server";
import type { NodeId, RaftNodeConfig } from "@raftkv/raft-core";
import type { ClientFaultPlan } from "../client-network/client-faults.ts";
import type { DiskSettings } from "../disk/simulated-disk.ts";
import type { NetworkSettings } from "../network/network.ts";
import type { PartitionShape } from "../network/partitions.ts";

/** What can be done to a cluster, besides what its network and disks do all the time. */
export const faultKinds = [
  "crash",
  "crashAtEffect",
  "crashAll",
  "pause",
  /** The leader sleeps, cut off, and wakes up still cut off: it knows nothing of its successor. */
  "sleepingLeader",
  "partition",
  /** Whoever has just been elected is cut off or crashes within moments, more often than not. */
  "briefLeaders",
  "diskFailure",
  "clockDrift",
  "transfer",
  /** A node that is told to stop, and stops in order. */
  "stop",
  /** A network that calls a peer unreachable, rightly or not. */
  "unreachable",
  /** In the moment in which it says or writes something that binds it, a node falls asleep, silent or deaf. */
  "fateAtEffect",
  /** Partitions that follow one another, with no time in between in which all is well. */
  "flapping",
  /** One node that by turns reaches nobody, is reached by nobody, both, and neither. */
  "brokenLink",
  /** A machine stands still, and its clock with it. */
  "suspend",
  /** A monotonic clock that leaps ahead: only where nothing is read by lease, which such clocks are too bad for. */
  "clockLeap",
  "diskFull",
  /** A process that crashes again and again, soon after each start. */
  "crashLoop",
  /** A leader that hears nothing of the successor that it has just told to campaign. */
  "handoverCutShort",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What whoever runs the cluster does to its membership, and what becomes of disks on the way. */
export const membershipActions = [
  "addLearner",
  "addVoter",
  "promote",
  "demote",
  "remove",
  "replace",
  "moveAddress",
  "setPriority",
  /** Several steps in one change. */
  "several",
  /** A joint membership that stays until it is left on request. */
  "explicit",
  /** Without regard to who is alive. */
  "force",
  /** A disk is lost for good; its node comes back with another one, as another member. */
  "wipe",
] as const;
export type MembershipAction = (typeof membershipActions)[number];

export interface MembershipPlan {
  /** Of the nodes at the start, the last so many are learners. */
  readonly learners: number;
  /** Nodes that are no members at the start. */
  readonly spares: number;
  readonly actions: readonly MembershipAction[];
  /** The mean time from one action to the next. */
  readonly meanIntervalMs: number;
}

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  /** The mean time from one fault to the next. */
  readonly meanIntervalMs: number;
  /** How long a crash, a pause or a partition lasts, at most. */
  readonly maxDurationMs: number;
  readonly partitions: readonly PartitionShape[];
  /** How slow and how fast a clock may run. */
  readonly clockRates: readonly [slowest: number, fastest: number];
}

export interface ServiceLockersPlan {
  readonly count: number;
  /** The mean pause of one of them between two calls. */
  readonly thinkMs: number;
  /** Their leases live for so long at the most. */
  readonly longestTtlMs: number;
}

export interface StateChecksPlan {
  /** Clients that have the state checked. */
  readonly checkers: number;
  /** The mean pause of one of them between two checks. */
  readonly thinkMs: number;
  /** After so much of cluster time a leader has it checked by itself; 0: never. */
  readonly intervalMs: number;
  /** Nodes ask each other what their states are, as real ones do. */
  readonly areCompared: boolean;
  /** Leaders have what is older given up, which each node then removes at its own pace. Undefined: as real ones, after ten minutes. */
  readonly historyMaxAgeMs: number | undefined;
}

export interface WorkloadPlan {
  readonly clients: number;
  /** So many of them, the first ones, are real `RaftKv`s; the others speak to the nodes themselves. */
  readonly typedClients: number;
  /** What befalls the connections and processes of real clients. */
  readonly clientFaults: ClientFaultPlan;
  /** Clients that only read, each at one node for a while, whoever leads: a leader of the past is asked too. */
  readonly readers: number;
  /** The mean pause of a reader between two reads. */
  readonly readerThinkMs: number;
  /** Clients that ask for ranges, histories and the past, of any consistency, and have history given up. */
  readonly historians: number;
  /** The mean pause of one of them between two calls. */
  readonly historianThinkMs: number;
  /** Of the real clients' watches, so many are open at a time. */
  readonly watchers: number;
  /** The mean time for which one of them is. */
  readonly watcherMs: number;
  /** Real clients' callers that carry out transactions, and their mean pause between two. */
  readonly transactors: number;
  readonly transactorThinkMs: number;
  /** Their transactions are nested, compare values and ranges, and have fences too. */
  readonly richTransactions: boolean;
  /** Real clients' callers that grant, renew and use leases. */
  readonly leasers: number;
  /**
   * Real clients' callers whose transactions are rich, put with leases, and compare them. Where there are any, leasers keep
   * the values of keys too.
   */
  readonly leasedTransactors: number;
  /** Real clients' callers that wait for locks, and write under their fences. */
  readonly lockers: number;
  /** The mean pause of a leaser and of a locker between two calls. */
  readonly leaserThinkMs: number;
  /** Leases live for so long at the most. */
  readonly longestTtlMs: number;
  /** Plain clients of the services of locks and elections. Undefined: there are none. */
  readonly serviceLockers: ServiceLockersPlan | undefined;
  /** How the state is checked as a whole. Undefined: nobody asks for it, and no two nodes compare. */
  readonly stateChecks: StateChecksPlan | undefined;
  /** Clients that perform many operations at a time, so many in a batch: for load, beside those that have one under way. */
  readonly batchers: number;
  readonly operationsPerBatch: number;
  /** In use at a time. */
  readonly keys: number;
  /** Operations on a key before the next one takes its place: so that each history is decided quickly. */
  readonly operationsPerKey: number;
  /** The mean pause of a client between two operations. */
  readonly thinkMs: number;
  readonly sessionTtlMs: number;
  /** How long a client tries before it gives an operation up. */
  readonly patienceMs: number;
  /** How long it waits for one answer. */
  readonly answerTimeoutMs: number;
  /** The probability that a client has many operations at once where it would have one. */
  readonly burstRate: number;
  /** The probability that a value is larger than some bounds allow. */
  readonly largeValueRate: number;
  /** The probability that an operation is on the first of the keys, whichever it would have been on. */
  readonly hotKeyRate: number;
}

/** What half of the runs are about: they go where chance alone seldom leads. */
export const themes = ["leases", "lateMessages", "elections", "newDisks", "snapshots", "disks", "overload"] as const;
export type Theme = (typeof themes)[number];

/** Everything about a run that is drawn before it begins. */
export interface Plan {
  /** Undefined: everything at random. */
  readonly theme: Theme | undefined;
  /** So often the faults end, and the cluster has to recover and to serve, before they begin again. */
  readonly storms: number;
  /** Members at the start. */
  readonly nodes: number;
  /** Nodes that speak only the first version of the protocol. */
  readonly oldNodes: readonly NodeId[];
  readonly membership: MembershipPlan;
  readonly config: Partial<RaftNodeConfig> & Pick<RaftNodeConfig, "electionTimeoutMinMs" | "electionTimeoutMaxMs">;
  readonly merge: Partial<MergeLimits>;
  readonly network: NetworkSettings;
  readonly disk: DiskSettings;
  readonly faults: FaultPlan;
  readonly workload: WorkloadPlan;
  /** Whether, before everybody is well again, a minority stays away: the majority alone has to serve. */
  readonly majorityFirst: boolean;
}
