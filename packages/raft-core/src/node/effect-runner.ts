import type { Effects, LeadershipNotice, ProposalOutcome, RoleChange, WriteBatch } from "../algorithm/effects.ts";
import type { SnapshotMetadata } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { Applier } from "./applier.ts";
import type { ApplyBacklog } from "./apply-backlog.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { Compaction } from "./compaction.ts";
import type { LogReader } from "./log-reader.ts";
import type { MembershipChanges } from "./membership-changes.ts";
import type { Outbox } from "./outbox.ts";
import type { PeerDirectory } from "./peer-directory.ts";
import type { Proposals } from "./proposals.ts";
import type { Reads } from "./reads.ts";
import type { RecentEntries } from "./recent-entries.ts";
import type { SnapshotReceiver } from "./snapshot-receiver.ts";
import type { SnapshotSender } from "./snapshot-sender.ts";
import type { Transfers } from "./transfers.ts";

interface EffectRunnerOptions<Result> {
  readonly storage: RaftStorage;
  readonly work: BackgroundWork;
  readonly outbox: Outbox;
  readonly recent: RecentEntries;
  readonly backlog: ApplyBacklog;
  readonly applier: Applier<Result>;
  readonly proposals: Proposals<Result>;
  readonly changes: MembershipChanges;
  readonly reads: Reads;
  readonly transfers: Transfers;
  readonly logReader: LogReader;
  readonly sender: SnapshotSender;
  readonly receiver: SnapshotReceiver;
  readonly compaction: Compaction;
  readonly peers: PeerDirectory;
  readonly feed: (input: Input) => void;
  readonly stopped: () => boolean;
  readonly roleChanged: (change: RoleChange) => void;
  readonly notice: (notice: LeadershipNotice) => void;
}

/** Carries out what the algorithm wants done. Waits for nothing: completions come back as inputs. */
export class EffectRunner<Result> {
  readonly #options: EffectRunnerOptions<Result>;

  constructor(options: EffectRunnerOptions<Result>) {
    this.#options = options;
  }

  run(effects: Effects): void {
    const { outbox, applier, reads, peers } = this.#options;
    if (effects.restoreSnapshot !== undefined) this.#prepareToRestore();
    // The write is on its way before any message: the disk works while the messages travel.
    if (effects.persist !== undefined) this.#persist(effects.persist, effects.restoreSnapshot);
    // Whoever is new can be sent to from now on.
    if (effects.peers !== undefined) peers.update(effects.peers);
    outbox.send(effects.send);
    if (effects.outcomes.length > 0) this.#settle(effects.outcomes);
    if (effects.commit !== undefined) applier.commitTo(effects.commit);
    if (effects.reads.length > 0) for (const read of effects.reads) reads.settle(read);
    if (hasRare(effects)) this.#runRare(effects);
  }

  #settle(outcomes: readonly ProposalOutcome[]): void {
    const { proposals, changes } = this.#options;
    for (const outcome of outcomes) {
      proposals.settle(outcome);
      changes.settle(outcome);
    }
  }

  #runRare(effects: Effects): void {
    const { notice, transfers, logReader, sender } = this.#options;
    for (const leadership of effects.notices) notice(leadership);
    if (effects.role !== undefined) this.#changeRole(effects.role);
    // Whoever waited for another node to lead finds the role changed when the call resolves.
    for (const outcome of effects.transfers) transfers.settle(outcome);
    for (const request of effects.readEntries) logReader.read(request);
    for (const order of effects.sendSnapshot) sender.send(order);
  }

  #persist(batch: WriteBatch, restore: SnapshotMetadata | undefined): void {
    const { storage, work, recent, backlog, compaction } = this.#options;
    recent.written(batch);
    backlog.written(batch);
    if (batch.resetTo !== undefined) compaction.reset(batch.resetTo.index);
    work.run(async () => {
      await storage.write(batch);
      this.#persisted(batch, restore);
    });
  }

  #persisted(batch: WriteBatch, restore: SnapshotMetadata | undefined): void {
    const { work, outbox, receiver, feed, stopped } = this.#options;
    if (stopped()) return;
    outbox.persisted(batch.id);
    feed({ kind: "persisted", batch: batch.id });
    if (restore === undefined) return;
    receiver.replaced();
    work.run(() => this.#restoreState(restore));
  }

  /** Comes before the commit index moves: what that covers may be part of the snapshot, and gone from the log. */
  #prepareToRestore(): void {
    this.#options.applier.pause();
    this.#options.receiver.accepted();
  }

  /** Nothing else may be at work on the state meanwhile. */
  async #restoreState(metadata: SnapshotMetadata): Promise<void> {
    const { applier, compaction, sender, recent, backlog, proposals, reads, feed } = this.#options;
    await compaction.idle();
    await sender.idle();
    await applier.restore(metadata);
    recent.applied(metadata.index);
    backlog.applied(metadata.index);
    proposals.restored(metadata.index);
    reads.applied(metadata.index);
    feed({ kind: "applied", index: metadata.index });
  }

  #changeRole(change: RoleChange): void {
    const { proposals, sender, applier, roleChanged } = this.#options;
    const leads = change.role === "leader";
    proposals.roleChanged(change.term, leads, change.leader, applier.committed);
    if (!leads) sender.abortAll();
    roleChanged(change);
  }
}

/** What comes once in a thousand turns: the others do not look through it all. */
function hasRare({ notices, role, transfers, readEntries, sendSnapshot }: Effects): boolean {
  return role !== undefined || notices.length + transfers.length + readEntries.length + sendSnapshot.length > 0;
}
