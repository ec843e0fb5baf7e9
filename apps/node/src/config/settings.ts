import { resolve } from "node:path";
import {
  DEFAULT_CHECK_INTERVAL_MS,
  DEFAULT_HISTORY_POLICY,
  DEFAULT_KV_LIMITS,
  type HistoryPolicy,
  type KvLimits,
} from "@raftkv/kv-server";
import { defaultRaftNodeConfig, type ElectionTimeout, type RaftNodeConfig } from "@raftkv/raft-core";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import type { Founder } from "../forming/founder.ts";
import { formatAddress, type HostAndPort, parseAddress } from "./address.ts";
import type { ClusterFile } from "./cluster-file.ts";
import type { Options } from "./options.ts";

/** All that a node needs to know to start: flags over environment over cluster.conf over defaults. */
export interface Settings {
  /** Undefined: whoever's the data directory is; 1 where it is fresh. */
  readonly nodeId: number | undefined;
  /** Absolute. */
  readonly dataDir: string;
  /** The package's name. */
  readonly storage: string;
  /** What it was told to listen on. */
  readonly listen: HostAndPort | undefined;
  /** Where it was told that others reach it: `host:port`. */
  readonly advertise: string | undefined;
  /** The nodes that cluster.conf names; undefined without cluster.conf. They found a cluster, if there is none yet. */
  readonly founders: readonly Founder[] | undefined;
  /** Members of the cluster that a fresh data directory waits to be added to; empty: it founds one. */
  readonly join: readonly string[];
  /** Why a fresh data directory that is not to join cannot be used: nobody knows which founder this is. */
  readonly noFounder: string | undefined;
  /** Why a fresh data directory that is to join cannot be used: it has no id. */
  readonly noNewcomer: string | undefined;
  /** What cluster.conf says; undefined: the one that the cluster had when the node joined, else the default. */
  readonly electionTimeout: ElectionTimeout | undefined;
  readonly raft: Partial<RaftNodeConfig>;
  readonly history: HistoryPolicy;
  /** The state may take up so much; 0: no bound. */
  readonly quotaBytes: number;
  /** So often the members compare their whole states; 0: never. */
  readonly checkIntervalMs: number;
  readonly limits: ConfigurableLimits;
}

/** What an operator may decide; the others follow from these, or bound what one client may do to all. */
export type ConfigurableLimits = Pick<
  KvLimits,
  | "maxKeyBytes"
  | "maxValueBytes"
  | "maxTransactionSteps"
  | "maxTransactionComparisons"
  | "maxTransactionDepth"
  | "maxWatches"
  | "maxStreamWatches"
  | "maxWatchBytes"
  | "maxWatchStreamBytes"
  | "maxLockWaits"
>;

export const defaultListenAddress = "127.0.0.1:50051";
export const defaultStorage = "@raftkv/storage-sqlite";
export const defaultDataDir = "data";

/** `workingDirectory` is what relative paths start from. Throws a `NodeFailure` where the options do not fit together. */
export function resolveSettings(options: Options, file: ClusterFile | undefined, workingDirectory: string): Settings {
  const { nodes } = file ?? {};
  const nodeId = options.id ?? (nodes?.length === 1 ? nodes[0]?.id : undefined);
  return {
    nodeId,
    dataDir: resolve(workingDirectory, options.dataDir ?? defaultDataDir),
    storage: options.storage ?? file?.storage ?? defaultStorage,
    listen: options.listen === undefined ? undefined : addressOption("--listen", options.listen, 0),
    advertise: options.advertise && formatAddress(addressOption("--advertise", options.advertise, 1)),
    founders: nodes,
    join: joinAddresses(options.join),
    noFounder: nodes === undefined ? undefined : whyNoFounder(nodeId, nodes, options.config),
    noNewcomer: nodeId === undefined ? noId : undefined,
    electionTimeout: file?.election_timeout && {
      minMs: file.election_timeout.min,
      maxMs: file.election_timeout.max,
    },
    raft: raftConfig(file),
    history: {
      maxAgeMs: file?.history?.max_age ?? DEFAULT_HISTORY_POLICY.maxAgeMs,
      maxRevisions: file?.history?.max_revisions ?? DEFAULT_HISTORY_POLICY.maxRevisions,
    },
    quotaBytes: file?.quota_bytes ?? 0,
    checkIntervalMs: file?.check_interval ?? DEFAULT_CHECK_INTERVAL_MS,
    limits: limitsOf(file),
  };
}

function limitsOf(file: ClusterFile | undefined): ConfigurableLimits {
  const { limits = {} } = file ?? {};
  const defaults = DEFAULT_KV_LIMITS;
  return {
    maxKeyBytes: limits.max_key_bytes ?? defaults.maxKeyBytes,
    maxValueBytes: limits.max_value_bytes ?? defaults.maxValueBytes,
    maxTransactionSteps: limits.max_transaction_steps ?? defaults.maxTransactionSteps,
    maxTransactionComparisons: limits.max_transaction_comparisons ?? defaults.maxTransactionComparisons,
    maxTransactionDepth: limits.max_transaction_depth ?? defaults.maxTransactionDepth,
    maxWatches: limits.max_watches ?? defaults.maxWatches,
    maxStreamWatches: limits.max_watches_per_stream ?? defaults.maxStreamWatches,
    maxWatchBytes: limits.max_watch_bytes ?? defaults.maxWatchBytes,
    maxWatchStreamBytes: limits.max_watch_bytes_per_stream ?? defaults.maxWatchStreamBytes,
    maxLockWaits: limits.max_lock_calls ?? defaults.maxLockWaits,
  };
}

const noId =
  "a node that is to join needs an id that no member has: say which, with --id or RAFTKV_ID (raftkv member list shows those " +
  "that are taken)";

function whyNoFounder(
  id: number | undefined,
  nodes: ClusterFile["nodes"],
  config = "cluster.conf",
): string | undefined {
  const ids = nodes.map((node) => node.id).join(", ");
  if (id === undefined) return `${config} has nodes ${ids}: say which of them this is, with --id or RAFTKV_ID`;
  if (nodes.some((node) => node.id === id)) return undefined;
  return (
    `unknown member id ${id}: ${config} has nodes ${ids}. A node that is to be added to a running cluster is started ` +
    "with --join and the addresses of some members"
  );
}

function joinAddresses(text: string | undefined): readonly string[] {
  const addresses = text?.split(",").map((address) => formatAddress(addressOption("--join", address.trim(), 1))) ?? [];
  return [...new Set(addresses)];
}

/** Port 0 stands for any free port, and is none at which others reach a node. */
function addressOption(name: string, text: string, lowestPort: 0 | 1): HostAndPort {
  const address = parseAddress(text);
  if (address !== undefined && address.port >= lowestPort) return address;
  throw new NodeFailure(
    exitCodes.usage,
    `${name}: found "${text}", expected host:port, such as ${defaultListenAddress}`,
  );
}

function raftConfig(file: ClusterFile | undefined): Partial<RaftNodeConfig> {
  const { snapshot, snapshotBytesPerSecond, maxHeldLogBytes, snapshotsFromFollowers } = defaultRaftNodeConfig;
  return {
    ...(file?.heartbeat_interval === undefined ? {} : { heartbeatIntervalMs: file.heartbeat_interval }),
    ...(file?.lease_reads === undefined ? {} : { maxClockDrift: file.lease_reads.max_clock_drift }),
    ...(file?.write_stall_timeout === undefined ? {} : { writeStallMs: file.write_stall_timeout }),
    snapshot: {
      entries: file?.snapshot?.entries ?? snapshot.entries,
      bytes: file?.snapshot?.bytes ?? snapshot.bytes,
      tailEntries: file?.snapshot?.tail_entries ?? snapshot.tailEntries,
    },
    snapshotBytesPerSecond: file?.snapshot?.max_bytes_per_second ?? snapshotBytesPerSecond,
    maxHeldLogBytes: file?.snapshot?.max_held_log_bytes ?? maxHeldLogBytes,
    snapshotsFromFollowers: file?.snapshot?.from_followers ?? snapshotsFromFollowers,
  };
}
