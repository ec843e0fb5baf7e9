import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Index, Membership, RaftStorage } from "@raftkv/raft-core";
import type { Formation } from "@raftkv/transport-connect";
import type { Settings } from "../config/settings.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import { formCluster } from "../forming/form-cluster.ts";
import type { Newcomer } from "../forming/founder.ts";
import { awaitMembership } from "../joining/await-membership.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { beginWithBackup } from "./begin-with-backup.ts";
import { describeDifference } from "./election-timeout.ts";
import type { Network } from "./network.ts";

interface Parts {
  readonly raft: RaftStorage;
  /** Of a directory that belongs to no cluster yet: what its state was restored to from a backup; 0: it is empty. */
  readonly restoredIndex: Index;
  readonly network: Network;
  readonly log: NodeLog;
}

const formingReportEveryMs = 3_000;
const joiningReportEveryMs = 30_000;

/** With which a log begins whose node does not know how the cluster was formed: what it receives says who is a member. */
const nobody: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };

/**
 * Makes a fresh data directory part of a cluster: as a founder, or by waiting to be added with `--join`. A directory that
 * belongs to a cluster already is left as it is. Rejects with a `NodeFailure` (refused, usage), a `StorageError`, or the
 * signal's reason.
 */
export async function joinCluster(
  settings: Settings,
  address: string,
  parts: Parts,
  signal: AbortSignal,
): Promise<void> {
  const { raft, network } = parts;
  const { nodeId, memberId, clusterId } = raft.identity();
  if (clusterId !== undefined) return;
  const priority = settings.founders?.find(({ id }) => id === nodeId)?.priority;
  const { restoredIndex } = parts;
  const self = { nodeId, memberId, address, priority, restoredIndex };
  const isJoining = settings.join.length > 0;
  if (isJoining && restoredIndex > 0) throw new NodeFailure(exitCodes.usage, restoredToJoin(settings.dataDir));
  const formation = await (isJoining ? waitToBeAdded : found)(settings, self, parts, signal);
  const { electionTimeout } = isJoining ? formation : {};
  const { membership, foundingMembership = restoredIndex > 0 ? membership : nobody } = formation;
  await raft.form(formation.clusterId, foundingMembership, electionTimeout);
  await beginWithBackup(raft, restoredIndex);
  const difference = describeDifference(settings.electionTimeout, electionTimeout);
  if (difference !== undefined) parts.log[difference.level](difference.message, { event: "election-timeout" });
  network.belongsTo(() => formation);
  (isJoining ? reportJoined : reportFormed)(formation, parts.log);
}

function restoredToJoin(dataDir: string): string {
  return (
    `${dataDir} was restored from a backup: a cluster is founded with it, and it cannot join one that exists. Start it without ` +
    "--join; the nodes that are to join get the state from there"
  );
}

function found(settings: Settings, self: Newcomer, { network, log }: Parts, signal: AbortSignal): Promise<Formation> {
  if (settings.noFounder !== undefined) throw new NodeFailure(exitCodes.usage, settings.noFounder);
  const { nodeId, memberId } = self;
  const report = atMostEvery(formingReportEveryMs, (message, waitingFor) => {
    log.info(message, { event: "forming", waitingFor });
  });
  return formCluster(
    {
      self,
      others: settings.founders?.filter(({ id }) => id !== nodeId) ?? [],
      introduce: (founder, signal) => network.transport.introduce(founder.address, { nodeId, memberId }, signal),
      newClusterId: randomUUID,
      onWaiting: (reasons) => {
        const message = `the cluster is still forming, waiting for ${reasons.join(", ")}`;
        network.waitsFor(message);
        report(message, reasons);
      },
      pause,
    },
    signal,
  );
}

function waitToBeAdded(
  { join }: Settings,
  self: Newcomer,
  { network, log }: Parts,
  signal: AbortSignal,
): Promise<Formation> {
  const { nodeId, memberId, address } = self;
  const report = atMostEvery(joiningReportEveryMs, (message, obstacles) => {
    log.info(message, { event: "joining", address, obstacles });
  });
  return awaitMembership(
    {
      self,
      addresses: join,
      introduce: (address, signal) => network.transport.introduce(address, { nodeId, memberId }, signal),
      onWaiting: (obstacles) => {
        const message = [`waits to be added: raftkv member add ${address}`, ...obstacles].join("; ");
        network.waitsFor(`node ${nodeId} ${message}`);
        report(message, obstacles);
      },
      pause,
    },
    signal,
  );
}

function reportFormed({ clusterId, membership: { voters } }: Formation, log: NodeLog): void {
  const message = `the cluster has formed: ${clusterId}, nodes ${voters.join(", ")}`;
  log.info(message, { event: "formed", clusterId, nodes: voters });
}

function reportJoined({ clusterId, membership: { voters } }: Formation, log: NodeLog): void {
  log.info(`was added to cluster ${clusterId}, whose voters are nodes ${voters.join(", ")}`, {
    event: "joined",
    clusterId,
  });
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return delay(delayMs, undefined, { signal });
}

type Report = (message: string, details: readonly string[]) => void;

/** Says it at once when it is news, and again now and then when it is not. */
function atMostEvery(intervalMs: number, report: Report): Report {
  let last = { message: "", atMs: 0 };
  return (message, details) => {
    const now = performance.now();
    if (message === last.message && now - last.atMs < intervalMs) return;
    last = { message, atMs: now };
    report(message, details);
  };
}
