import { DEFAULT_KV_LIMITS, type KvLimits, KvServices, KvStateMachine } from "@raftkv/kv-server";
import { cryptoRandom, RaftNode, type RaftStorage, systemClock } from "@raftkv/raft-core";
import type { Settings } from "../config/settings.ts";
import { consensusLog } from "../logging/consensus-log.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { compareMembership } from "./compare-membership.ts";
import { describeRole } from "./describe-role.ts";
import { handOver } from "./hand-over.ts";
import { joinCluster } from "./join-cluster.ts";
import { Network } from "./network.ts";
import { openStorage } from "./open-storage.ts";

export interface NodeOptions {
  readonly settings: Settings;
  readonly log: NodeLog;
  readonly version: string;
  /** A storage package is looked for here too. */
  readonly workingDirectory: string;
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
  log.info(`raftkv ${version}, process ${process.pid}, data in ${settings.dataDir} (${settings.storage})`, {
    event: "starting",
    version,
    pid: process.pid,
    dataDir: settings.dataDir,
    storage: settings.storage,
  });
  const storage = await openStorage(settings, options.workingDirectory, options.onFailure);
  const network = new Network(storage.raft, log);
  const address = await network.listen(settings.listen);
  log.info(`listens on ${address}`, { event: "listening", address });
  const advertised = settings.advertisedAddress ?? address;
  if (await joinUnlessStopped(options, { raft: storage.raft, network, address: advertised }, stop)) {
    const state = await KvStateMachine.open({ store: storage.state, clock: systemClock });
    await takePart(options, { raft: storage.raft, state, network, address: advertised }, stop);
  } else {
    await network.close(0);
    await storage.state.close();
  }
  await storage.raft.close();
  log.info("stopped", { event: "stopped" });
}

interface JoiningParts {
  readonly raft: RaftStorage;
  readonly network: Network;
  readonly address: string;
}

interface Parts extends JoiningParts {
  readonly state: KvStateMachine;
}

/** False: it was told to stop while the cluster was still forming. Only then is an error no failure. */
async function joinUnlessStopped(
  { settings, log }: NodeOptions,
  { raft, network, address }: JoiningParts,
  stop: AbortSignal,
): Promise<boolean> {
  try {
    await joinCluster(settings, address, { raft, network, log }, stop);
    return true;
  } catch (error) {
    if (!stop.aborted) throw error;
    return false;
  }
}

/** Takes part in the cluster until it is told to stop. */
async function takePart(
  { settings, log, version, onFailure }: NodeOptions,
  parts: Parts,
  stop: AbortSignal,
): Promise<void> {
  const { raft, state, network, address } = parts;
  const node = await RaftNode.start({
    storage: raft,
    transport: network.transport,
    stateMachine: state,
    clock: systemClock,
    random: cryptoRandom,
    logger: consensusLog(log),
    config: settings.raft,
    onFailure,
  });
  node.onRoleChange((status) => {
    log.info(describeRole(status), { event: "role", role: status.role, term: status.term, leader: status.leader?.id });
  });
  const { identity, membership } = node.status();
  network.belongsTo({ clusterId: identity.clusterId ?? "", membership });
  for (const difference of compareMembership(settings, address, membership)) {
    log.warn(difference, { event: "membership-differs" });
  }
  const services = new KvServices({
    consensus: node,
    state,
    limits: limitsOf(settings),
    version,
    address,
    usage: () => raft.usage(),
    forward: network.forwarding.clientOf,
  });
  network.serve(services);
  await aborted(stop);

  log.info("stopping: no new writes", { event: "draining" });
  network.retire();
  await handOver(node, services, log);
  services.close();
  await network.close(closeGraceMs);
  await node.close();
  await state.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A batch has to hold the largest single write. */
function limitsOf({ limits }: Settings): Partial<KvLimits> {
  const largestWrite = limits.maxKeyBytes + limits.maxValueBytes + framingBytes;
  return { ...limits, maxBatchBytes: Math.max(DEFAULT_KV_LIMITS.maxBatchBytes, largestWrite) };
}
