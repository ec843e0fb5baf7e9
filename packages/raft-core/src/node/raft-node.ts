import type { RoleChange } from "../algorithm/effects.ts";
import type { Entry, Index, NodeId } from "../algorithm/entry.ts";
import type { Input, ProposalId } from "../algorithm/input.ts";
import type { Member, Membership } from "../algorithm/membership.ts";
import type { MembershipChange } from "../algorithm/membership-change.ts";
import { Raft } from "../algorithm/raft.ts";
import type { RestoredState } from "../algorithm/restored-state.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { Identity } from "../ports/identity.ts";
import type { TransportHandler } from "../ports/raft-transport.ts";
import { Applier } from "./applier.ts";
import { ApplyBacklog } from "./apply-backlog.ts";
import { BackgroundWork } from "./background-work.ts";
import { CatchingUp } from "./catching-up.ts";
import { Compaction } from "./compaction.ts";
import type { Consensus, ConsensusStatus, LeaseAnswer } from "./consensus.ts";
import { consensusStatus, namedLeader } from "./consensus-status.ts";
import { EffectRunner } from "./effect-runner.ts";
import { Freshness } from "./freshness.ts";
import { logNotice } from "./leadership-log.ts";
import { LeaseReads } from "./lease-reads.ts";
import { LogReader } from "./log-reader.ts";
import type { Logger } from "./logger.ts";
import { type CommitView, MembershipChanges } from "./membership-changes.ts";
import { Outbox } from "./outbox.ts";
import { PeerDirectory } from "./peer-directory.ts";
import { Proposals } from "./proposals.ts";
import { RaftError } from "./raft-error.ts";
import { completeConfig, type RaftNodeConfig, type RaftNodeOptions } from "./raft-node-options.ts";
import { Reads } from "./reads.ts";
import { RecentEntries } from "./recent-entries.ts";
import { restoreAtStart } from "./restore-at-start.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";
import { SnapshotSender } from "./snapshot-sender.ts";
import { lowestSnapshotInUse } from "./snapshots-in-use.ts";
import { StatusListeners } from "./status-listeners.ts";
import { Throttle } from "./throttle.ts";
import { Ticker } from "./ticker.ts";
import { Transfers } from "./transfers.ts";
import { TurnLoop } from "./turn-loop.ts";

/**
 * One node of a cluster: runs the algorithm over storage, transport, state machine and clock.
 *
 * It works in turns. A turn takes every input that has gathered, steps the algorithm through them, and carries out
 * the effects without waiting for any; what comes of them arrives as inputs of later turns. When a write or applying
 * fails, the node stops for good: nothing leaves it any more, calls reject with `failed`, and `onFailure` is called.
 */
export class RaftNode<Result = unknown> implements Consensus<Result> {
  readonly #identity: Identity;
  readonly #config: RaftNodeConfig;
  readonly #logger: Logger;
  readonly #onFailure: (error: Error) => void;
  readonly #peer: (id: NodeId) => Member | undefined;
  readonly #raft: Raft;
  readonly #loop: TurnLoop;
  readonly #ticker: Ticker;
  readonly #work: BackgroundWork;
  readonly #outbox: Outbox;
  readonly #recent: RecentEntries;
  readonly #backlog: ApplyBacklog;
  readonly #applier: Applier<Result>;
  readonly #proposals = new Proposals<Result>();
  readonly #freshness: Freshness;
  readonly #reads: Reads;
  readonly #leaseReads: LeaseReads;
  readonly #transfers = new Transfers();
  readonly #changes = new MembershipChanges();
  readonly #roleListeners: StatusListeners;
  readonly #memberListeners: StatusListeners;
  readonly #compaction: Compaction;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #effects: EffectRunner<Result>;
  #leads = false;
  /** As long as it says the same. */
  #status: { readonly of: RaftStatus; readonly status: ConsensusStatus } | undefined;
  /** Why calls are refused; undefined while the node runs. */
  #stopped: RaftError | undefined;

  /**
   * Restores what is on disk and takes part from then on. Rejects with a `StorageError` (`corrupt`) where log and state
   * do not fit together, and with what storage and state machine reject with.
   */
  static async start<Result>(options: RaftNodeOptions<Result>): Promise<RaftNode<Result>> {
    const { storage, stateMachine } = options;
    const identity = storage.identity();
    if (identity.clusterId === undefined) {
      throw new RaftError("failed", "the storage belongs to no cluster yet: form the cluster before starting its node");
    }
    const restored = await storage.load();
    await restoreAtStart(storage, stateMachine, restored);
    return new RaftNode(options, identity, restored);
  }

  private constructor(options: RaftNodeOptions<Result>, identity: Identity, restored: RestoredState) {
    const { storage, transport, stateMachine, clock, random, logger } = options;
    const config = completeConfig(options.config);
    const feed = (input: Input) => this.#loop.add(input);
    const fail = (error: unknown) => this.#fail(error);
    const stopped = () => this.#stopped !== undefined;
    const restoring = () => this.#applier.restoring;
    const status = () => this.#raft.status();
    const metadataAt = (index: Index) => this.#raft.metadataAt(index);
    this.#identity = identity;
    this.#config = config;
    this.#logger = logger;
    this.#onFailure = options.onFailure;
    this.#peer = (id) => transport.peer?.(id);
    const { nodeId, memberId, incarnation } = identity;
    const appliedIndex = stateMachine.appliedIndex();
    this.#raft = new Raft({ ...config, nodeId, memberId, incarnation, appliedIndex }, restored, random);
    // Whatever it has promised before a restart, it promised before now.
    this.#raft.step({ kind: "clock", nowMs: clock.now() });
    this.#loop = new TurnLoop(clock, (inputs) => this.#turn(inputs, clock.now()));
    this.#ticker = new Ticker(clock, config.heartbeatIntervalMs, () => this.#loop.wake());
    this.#work = new BackgroundWork(fail);
    const work = this.#work;
    this.#outbox = new Outbox(transport);
    this.#recent = new RecentEntries(config.maxUnappliedCachedBytes);
    this.#backlog = new ApplyBacklog(restored.lastIndex);
    this.#applier = new Applier({
      stateMachine,
      storage,
      recent: this.#recent,
      work,
      clock,
      maxApplyBytes: config.maxApplyBytes,
      applied: (entries, results) => this.#applied(entries, results),
    });
    this.#freshness = new Freshness(clock);
    this.#reads = new Reads({
      maxPending: config.maxPendingReads,
      ask: (id) => feed({ kind: "readIndex", id }),
      cancel: (id) => feed({ kind: "cancelRead", id }),
      applied: () => this.#applier.applied,
      freshness: this.#freshness,
    });
    this.#leaseReads = new LeaseReads({
      clock,
      lease: () => this.#raft.lease(),
      suspended: () => this.#raft.step({ kind: "suspended" }),
      applied: (index, signal) => this.#reads.reached(index, signal),
    });
    this.#roleListeners = new StatusListeners(logger);
    this.#memberListeners = new StatusListeners(logger);
    this.#compaction = new Compaction({
      storage,
      stateMachine,
      work,
      policy: config.snapshot,
      logger,
      base: restored.base.index,
      feed,
      metadataAt,
      progress: () => status().progress,
      catchingUp: new CatchingUp(clock, config.snapshotTimeoutMs),
      snapshotInUse: () => lowestSnapshotInUse(this.#sender, this.#raft.status(), config.snapshotTimeoutMs),
      maxHeldLogBytes: config.maxHeldLogBytes,
      letGo: (index) => this.#sender.letGo(index),
      suspended: () => stopped() || restoring(),
    });
    this.#sender = new SnapshotSender({
      self: nodeId,
      storage,
      transport,
      stateMachine,
      clock,
      work,
      logger,
      throttle: new Throttle(clock, config.snapshotBytesPerSecond),
      timeoutMs: config.snapshotTimeoutMs,
      reportIntervalMs: config.electionTimeoutMinMs,
      retryDelayMs: config.electionTimeoutMinMs,
      feed,
      metadataAt,
      base: () => this.#compaction.base,
    });
    this.#receiver = new SnapshotReceiver({ storage, work, logger, feed, status, restoring, stopped, fail });
    const peers = new PeerDirectory(nodeId, transport);
    this.#effects = new EffectRunner({
      storage,
      work,
      outbox: this.#outbox,
      recent: this.#recent,
      backlog: this.#backlog,
      applier: this.#applier,
      proposals: this.#proposals,
      changes: this.#changes,
      reads: this.#reads,
      transfers: this.#transfers,
      logReader: new LogReader(storage, work, feed),
      sender: this.#sender,
      receiver: this.#receiver,
      compaction: this.#compaction,
      peers,
      feed,
      stopped,
      roleChanged: (change) => this.#roleChanged(change),
      notice: (notice) => logNotice(logger, notice),
    });
    transport.start(this.#handler());
    peers.update(this.#raft.peers());
    this.#ticker.sleep(this.#raft.nextDeadlineMs());
    this.#receiver.start();
  }

  propose(payload: Uint8Array): Promise<Result> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const unapplied = this.#leads ? this.#backlog.bytesThrough(this.#applier.committed) : 0;
    if (unapplied > this.#config.maxApplyBacklogBytes) {
      const message = `${unapplied} bytes are committed and wait to be applied: try again after a while`;
      return Promise.reject(new RaftError("overloaded", message, { leader: this.#identity.nodeId }));
    }
    return this.#proposals.add((id) => this.#loop.add({ kind: "propose", id, payloads: [payload] }));
  }

  readIndex(signal?: AbortSignal): Promise<Index> {
    return this.#stopped === undefined ? this.#reads.add(signal) : Promise.reject(this.#stopped);
  }

  readByLease<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<LeaseAnswer<T>> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#config.maxClockDrift !== undefined) return this.#leaseReads.read(read, signal);
    return Promise.reject(new RaftError("leasesDisabled", "this node is not set up to read by lease"));
  }

  stalenessMs(): number {
    return this.#freshness.ageMs();
  }

  transferLeadership(to: NodeId | undefined, signal: AbortSignal): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return this.#transfers.add(signal, (id) => this.#loop.add({ kind: "transferLeadership", id, to }));
  }

  /**
   * For whoever knows for certain that the leader is gone: this node does not hold on to it, and grants a pre-vote before
   * the minimum election timeout has passed. If it is not gone, its next heartbeat is followed again. A leader ignores it.
   */
  forgetLeader(): void {
    this.#loop.add({ kind: "forgetLeader" });
  }

  changeMembership(change: MembershipChange, signal: AbortSignal): Promise<Membership> {
    const untilLeft = change.transition === "auto";
    return this.#change((id) => ({ kind: "changeMembership", id, change }), untilLeft, signal);
  }

  leaveJoint(signal: AbortSignal): Promise<Membership> {
    return this.#change((id) => ({ kind: "leaveJoint", id }), true, signal);
  }

  async compactNow(): Promise<void> {
    if (this.#stopped === undefined) await this.#compaction.now();
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  status(): ConsensusStatus {
    const of = this.#raft.status();
    const { applied } = this.#applier;
    if (this.#status?.of === of && this.#status.status.applied === applied) return this.#status.status;
    const status = consensusStatus(this.#identity, applied, of, this.#peer);
    // Who a leader is that the log does not name yet, the transport may learn at any moment.
    this.#status = of.leader === undefined || namedLeader(of) !== undefined ? { of, status } : undefined;
    return status;
  }

  onRoleChange(listener: (status: ConsensusStatus) => void): () => void {
    return this.#roleListeners.add(listener);
  }

  onMembersChange(listener: (status: ConsensusStatus) => void): () => void {
    return this.#memberListeners.add(listener);
  }

  /**
   * Takes no more input, sends nothing more, and resolves once nothing of this node is at work on storage or state
   * machine. Calls that wait reject: with `outcomeUnknown` what stands in the log, with `closed` all else.
   */
  async close(): Promise<void> {
    if (this.#stopped === undefined) {
      const closed = new RaftError("closed", "this node has been closed");
      this.#stop(closed, new RaftError("outcomeUnknown", "this node was closed before the command was applied"));
    }
    await this.#work.idle();
  }

  #change(input: (id: ProposalId) => Input, untilLeft: boolean, signal: AbortSignal): Promise<Membership> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (signal.aborted) return Promise.reject(signal.reason);
    const id = this.#proposals.newId();
    this.#loop.add(input(id));
    return this.#changes.add(id, untilLeft, signal);
  }

  #handler(): TransportHandler {
    return {
      message: (from, message, fromMemberId) => this.#loop.add({ kind: "message", from, fromMemberId, message }),
      unreachable: (peer) => this.#loop.add({ kind: "unreachable", peer }),
      offer: (offer) => this.#receiver.offered(offer),
      snapshot: (incoming) => this.#receiver.receive(incoming),
    };
  }

  #turn(inputs: readonly Input[], nowMs: number): void {
    try {
      this.#reads.turnBegins();
      this.#raft.step({ kind: "clock", nowMs });
      for (const input of this.#ticker.timed(inputs)) this.#raft.step(input);
      const effects = this.#raft.takeEffects();
      if (effects !== undefined) this.#effects.run(effects);
      if (effects?.peers !== undefined) this.#memberListeners.notify(this.status());
      if (inputs.some((input) => input.kind === "snapshotReceived")) this.#receiver.decided();
      this.#changes.committed(() => this.#commitView());
      this.#ticker.sleep(this.#raft.nextDeadlineMs());
    } catch (error) {
      this.#fail(error);
    }
  }

  #commitView(): CommitView {
    const { hardState, committedMembership } = this.#raft.status();
    return {
      commit: hardState.commit,
      committedMembership,
      termAt: (index) => this.#raft.termAt(index),
      membershipAt: (index) => this.#raft.membershipAt(index),
    };
  }

  #applied(entries: readonly Entry[], results: readonly Result[]): void {
    const index = this.#applier.applied;
    this.#recent.applied(index);
    this.#backlog.applied(index);
    this.#proposals.applied(entries, results);
    this.#reads.applied(index);
    this.#loop.note({ kind: "applied", index });
    this.#compaction.applied(index);
    this.#receiver.committed(index);
  }

  #roleChanged(change: RoleChange): void {
    this.#leads = change.role === "leader";
    this.#logger.info("role changed", { role: change.role, term: change.term, leader: change.leader });
    const isAlone = change.role === "preCandidate" || change.role === "candidate";
    if (isAlone && !this.#isMember()) this.#changes.unheard();
    this.#roleListeners.notify(this.status());
  }

  #isMember(): boolean {
    const { members } = this.#raft.status().membership;
    return members.some(({ id }) => id === this.#identity.nodeId);
  }

  #fail(error: unknown): void {
    if (this.#stopped?.code === "failed") return;
    const cause = error instanceof Error ? error : new Error(String(error));
    const failed = new RaftError("failed", `this node has stopped: ${cause.message}`, { cause });
    this.#logger.error("stopping: the node cannot go on safely", { error: cause });
    this.#stop(failed, failed);
    this.#onFailure(cause);
  }

  #stop(submitted: RaftError, appended: RaftError): void {
    this.#stopped = submitted;
    this.#outbox.close();
    this.#loop.stop();
    this.#ticker.stop();
    this.#applier.stop();
    this.#sender.abortAll();
    this.#receiver.stop(submitted);
    this.#proposals.rejectAll(submitted, appended);
    this.#reads.rejectAll(submitted);
    this.#transfers.rejectAll(submitted);
    this.#changes.rejectAll(submitted, appended);
  }
}
