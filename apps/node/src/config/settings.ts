import { resolve } from "node:path";
import { DEFAULT_KV_LIMITS } from "@raftkv/kv-server";
import { defaultRaftNodeConfig, type RaftNodeConfig } from "@raftkv/raft-core";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import type { Founder } from "../forming/founder.ts";
import { type HostAndPort, parseAddress } from "./address.ts";
import type { ClusterFile } from "./cluster-file.ts";
import type { Options } from "./options.ts";

/** All that a node needs to know to start: flags over environment over cluster.conf over defaults. */
export interface Settings {
  readonly nodeId: number;
  /** Absolute. */
  readonly dataDir: string;
  /** The package's name. */
  readonly storage: string;
  readonly listen: HostAndPort;
  /** What the others and the clients are told. Undefined: the address that the node really listens on. */
  readonly advertisedAddress: string | undefined;
  /** With which this node founds a cluster; later the membership in the log says. */
  readonly priority: number;
  /** Every founding node but this one. */
  readonly otherFounders: readonly Founder[];
  readonly raft: Partial<RaftNodeConfig>;
  readonly limits: { readonly maxKeyBytes: number; readonly maxValueBytes: number };
}

export const defaultListenAddress = "127.0.0.1:50051";
export const defaultStorage = "@raftkv/storage-sqlite";
export const defaultDataDir = "data";

/** `workingDirectory` is what relative paths start from. Throws a `NodeFailure` where the options do not fit together. */
export function resolveSettings(options: Options, file: ClusterFile | undefined, workingDirectory: string): Settings {
  const self = file === undefined ? undefined : findSelf(options, file);
  return {
    nodeId: self?.id ?? options.id ?? 1,
    dataDir: resolve(workingDirectory, options.dataDir ?? defaultDataDir),
    storage: options.storage ?? file?.storage ?? defaultStorage,
    listen: parseListen(options.listen ?? self?.address ?? defaultListenAddress),
    advertisedAddress: self?.address,
    priority: self?.priority ?? 0,
    otherFounders: file?.nodes.filter((node) => node.id !== self?.id) ?? [],
    raft: raftConfig(file),
    limits: {
      maxKeyBytes: file?.limits?.max_key_bytes ?? DEFAULT_KV_LIMITS.maxKeyBytes,
      maxValueBytes: file?.limits?.max_value_bytes ?? DEFAULT_KV_LIMITS.maxValueBytes,
    },
  };
}

function findSelf({ id, config }: Options, { nodes }: ClusterFile): Founder {
  const ids = nodes.map((node) => node.id).join(", ");
  const wanted = id ?? (nodes.length === 1 ? nodes[0]?.id : undefined);
  if (wanted === undefined) {
    throw new NodeFailure(
      exitCodes.usage,
      `${config} has nodes ${ids}: say which of them this is, with --id or RAFTKV_ID`,
    );
  }
  const self = nodes.find((node) => node.id === wanted);
  if (self === undefined) {
    throw new NodeFailure(exitCodes.usage, `unknown member id ${wanted}: ${config} has nodes ${ids}`);
  }
  return self;
}

function parseListen(text: string): HostAndPort {
  const address = parseAddress(text);
  if (address === undefined) {
    throw new NodeFailure(
      exitCodes.usage,
      `--listen: found "${text}", expected host:port, such as ${defaultListenAddress}`,
    );
  }
  return address;
}

function raftConfig(file: ClusterFile | undefined): Partial<RaftNodeConfig> {
  const { snapshot } = defaultRaftNodeConfig;
  return {
    electionTimeoutMinMs: file?.election_timeout?.min ?? defaultRaftNodeConfig.electionTimeoutMinMs,
    electionTimeoutMaxMs: file?.election_timeout?.max ?? defaultRaftNodeConfig.electionTimeoutMaxMs,
    ...(file?.heartbeat_interval === undefined ? {} : { heartbeatIntervalMs: file.heartbeat_interval }),
    snapshot: {
      entries: file?.snapshot?.entries ?? snapshot.entries,
      bytes: file?.snapshot?.bytes ?? snapshot.bytes,
      tailEntries: file?.snapshot?.tail_entries ?? snapshot.tailEntries,
    },
  };
}
