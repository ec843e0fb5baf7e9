import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_KV_LIMITS, type KvLimits, KvServices, KvStateMachine, toldState } from "@raftkv/kv-server";
import {
  type ConsensusStatus,
  cryptoRandom,
  type Identity,
  type Index,
  RaftNode,
  type RaftStorage,
  type RestoredState,
  systemClock,
} from "@raftkv/raft-core";
import type { Formation } from "@raftkv/transport-connect";
import { formatAddress } from "../config/address.ts";
import { placeOf, whyUnreachable } from "../config/place.ts";
import type { Settings } from "../config/settings.ts";
import { markDamaged } from "../exit/damage-mark.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import { consensusLog } from "../logging/consensus-log.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { SpoolFiles } from "../server/spool-file.ts";
import { beginWithBackup } from "./begin-with-backup.ts";
import { compareMembership } from "./compare-membership.ts";
import { describeRemoval } from "./describe-removal.ts";
import { describeRole } from "./describe-role.ts";
import { electionTimeoutOf, raftConfigOf } from "./election-timeout.ts";
import { handOver } from "./hand-over.ts";
import { joinCluster } from "./join-cluster.ts";
import { Network } from "./network.ts";
import { openStorage } from "./open-storage.ts";
import { viewAtStart } from "./removal.ts";
import { untilRemoved } from "./watch-membership.ts";

export interface NodeOptions {
  readonly settings: Settings;
  readonly log: NodeLog;
  readonly version: string;
  /** A storage package is looked for here too. */
  readonly workingDirectory: string;
  /** Called once the data directory has told which node this is. */
  readonly onIdentified: (nodeId: number) => void;
  /** Called when the node cannot go on; the process has to end at once, with nothing more acknowledged. */
  readonly onFailure: (error: Error) => void;
}

/** How long running calls may take to end when the node stops. */
const closeGraceMs = 1_000;

/** What an encoded batch takes beside its key and value. */
const framingBytes = 1024;

/**
 * Runs a node until `stop` is aborted, then stops it cleanly. Rejects with a `NodeFailure`, a `StorageError` or a
 * `KvError` if it cannot start.
 */
export async function runNode(options: NodeOptions, stop: AbortSignal): Promise<void> {
  const { settings, log, version } = options;
  const storage = await openStorage(settings, options.workingDirectory, options.onFailure);
  const { nodeId } = storage.raft.identity();
  options.onIdentified(nodeId);
  log.info(`raftkv ${version}, process ${process.pid}, data in ${settings.dataDir} (${settings.storage})`, {
    event: "starting",
    version,
    pid: process.pid,
    dataDir: settings.dataDir,
    storage: settings.storage,
  });
  const stateIndex = storage.state.appliedIndex();
  await beginWithBackup(storage.raft, stateIndex);
  const restored = await storage.raft.load();
  const network = new Network(storage.raft, log, stateIndex);
  const place = placeOf(settings, nodeId, knownAddress(storage.raft.identity(), restored));
  const port = await network.listen(place.listen);
  const listening = formatAddress({ ...place.listen, port });
  log.info(`listens on ${listening}`, { event: "listening", address: listening });
  const address = place.advertised(port);
  network.advertise(address);
  const problem = whyUnreachable(address);
  if (problem !== undefined) log.warn(problem, { event: "unreachable-address", address });
  const parts = { raft: storage.raft, network, address, restoredIndex: stateIndex };
  let wasRemoved = false;
  if (await joinUnlessStopped(options, parts, stop)) {
    const state = await KvStateMachine.open({ store: storage.state, clock: systemClock });
    wasRemoved = await takePart(options, { ...parts, state, restored }, stop);
  } else {
    await network.close(0);
    await storage.state.close();
  }
  await storage.raft.close();
  log.info("stopped", { event: "stopped" });
  if (wasRemoved) throw new NodeFailure(exitCodes.refused, describeRemoval(storage.raft.identity(), address));
}

interface JoiningParts {
  readonly raft: RaftStorage;
  readonly network: Network;
  /** See `joinCluster`. */
  readonly restoredIndex: Index;
  /** Where others reach this node. */
  readonly address: string;
}

interface Parts extends JoiningParts {
  readonly state: KvStateMachine;
  /** What the log said at start. */
  readonly restored: RestoredState;
}

/** False: it was told to stop while it belonged to no cluster yet. Only then is an error no failure. */
async function joinUnlessStopped(
  { settings, log }: NodeOptions,
  { raft, network, address, restoredIndex }: JoiningParts,
  stop: AbortSignal,
): Promise<boolean> {
  try {
    await joinCluster(settings, address, { raft, network, log, restoredIndex }, stop);
    return true;
  } catch (error) {
    if (!stop.aborted) throw error;
    return false;
  }
}

/** Takes part in the cluster until it is told to stop, or is no member any more. Answers whether it is the latter. */
async function takePart(
  { settings, log, version, onFailure }: NodeOptions,
  parts: Parts,
  stop: AbortSignal,
): Promise<boolean> {
  const { raft, state, network, address } = parts;
  const joinedWith = raft.identity().electionTimeout;
  const electionTimeout = electionTimeoutOf(settings, joinedWith);
  const node = await RaftNode.start({
    storage: raft,
    transport: network.transport,
    stateMachine: state,
    clock: systemClock,
    random: cryptoRandom,
    logger: consensusLog(log),
    config: raftConfigOf(settings, joinedWith),
    onFailure,
  });
  node.onRoleChange((status) => {
    log.info(describeRole(status), { event: "role", role: status.role, term: status.term, leader: status.leader?.id });
  });
  network.belongsTo(() => ({ ...formationOf(node.status()), electionTimeout }));
  for (const difference of compareMembership(settings, address, node.status())) {
    log.warn(difference, { event: "membership-differs" });
  }
  network.stateIs((wanted) => toldState(state, wanted));
  const services = new KvServices({
    consensus: node,
    state,
    limits: limitsOf(settings),
    history: settings.history,
    quotaBytes: settings.quotaBytes,
    version,
    address,
    usage: () => raft.usage(),
    onDifference: (message) => log.error(message, { event: "state-differs" }),
    onDamaged: (error) => {
      markDamaged(settings.dataDir, error.message);
      onFailure(error);
    },
    checkIntervalMs: settings.checkIntervalMs,
    spool: new SpoolFiles(settings.dataDir),
    forward: network.forwarding.clientOf,
    inspect: (address, signal, wanted) => network.inspect(address, signal, wanted),
  });
  network.serve(services);
  const wasRemoved = await stoppedOrRemoved(settings, node, parts, stop);

  if (wasRemoved) log.warn("was removed from the cluster: stopping", { event: "removed" });
  log.info("stopping: no new writes", { event: "draining" });
  network.retire();
  await handOver(node, services, log);
  services.close();
  await network.close(closeGraceMs);
  await node.close();
  await state.close();
  return wasRemoved;
}

/** True: it was removed. */
async function stoppedOrRemoved(
  { join }: Settings,
  consensus: RaftNode<unknown>,
  { raft, network, restored }: Parts,
  stop: AbortSignal,
): Promise<boolean> {
  const { nodeId, memberId, clusterId } = raft.identity();
  const self = { nodeId, memberId };
  const { transport } = network;
  try {
    await untilRemoved(
      {
        self,
        clusterId,
        consensus,
        view: viewAtStart(self, restored),
        addresses: join,
        introduce: (address, signal) => transport.introduce(address, self, signal),
        onFoundElsewhere: (member, address) => transport.found(member, address),
        clock: systemClock,
        pause,
      },
      stop,
    );
    return true;
  } catch (error) {
    if (!stop.aborted) throw error;
    return false;
  }
}

/** Where the newest membership on disk has this node. */
function knownAddress(self: Identity, { base, memberships }: RestoredState): string | undefined {
  const { members } = (memberships.at(-1) ?? base).membership;
  return members.find(({ id, memberId }) => id === self.nodeId && memberId === self.memberId)?.address;
}

function formationOf(status: ConsensusStatus): Formation {
  const { identity, membership, committedMembership, foundingMembership, commit } = status;
  return {
    clusterId: identity.clusterId ?? "",
    membership,
    foundingMembership,
    membershipCommitted: membership === committedMembership,
    commitIndex: commit,
  };
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return delay(delayMs, undefined, { signal });
}

/** A batch has to hold the largest single write. */
function limitsOf({ limits }: Settings): Partial<KvLimits> {
  const largestWrite = limits.maxKeyBytes + limits.maxValueBytes + framingBytes;
  return { ...limits, maxBatchBytes: Math.max(DEFAULT_KV_LIMITS.maxBatchBytes, largestWrite) };
}
