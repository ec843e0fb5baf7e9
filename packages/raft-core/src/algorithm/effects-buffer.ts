import type {
  Effects,
  LeadershipNotice,
  Outgoing,
  ProposalOutcome,
  ReadOutcome,
  RoleChange,
  SnapshotOrder,
  TransferOutcome,
  WriteBatch,
} from "./effects.ts";
import type { Index, SnapshotMetadata } from "./entry.ts";
import type { BatchId, LogRead } from "./input.ts";
import type { Member } from "./membership.ts";

/** What only the whole state can say about a turn's effects. */
export interface TurnResult {
  readonly persist: WriteBatch | undefined;
  readonly commit: Index | undefined;
  readonly role: RoleChange | undefined;
  readonly peers: readonly Member[] | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const none: readonly never[] = [];

/** Gathers what a turn wants done until it is taken. Most turns want few kinds of things: there is a list of those only. */
export class EffectsBuffer {
  #send: Outgoing[] | undefined;
  #readEntries: LogRead[] | undefined;
  #sendSnapshot: SnapshotOrder[] | undefined;
  #restoreSnapshot: SnapshotMetadata | undefined;
  #reads: ReadOutcome[] | undefined;
  #outcomes: ProposalOutcome[] | undefined;
  #transfers: TransferOutcome[] | undefined;
  #notices: LeadershipNotice[] | undefined;

  send(outgoing: Outgoing): void {
    this.#send ??= [];
    this.#send.push(outgoing);
  }

  /** That batch is durable: messages that waited for it no longer do. */
  persisted(batch: BatchId): void {
    this.#send = this.#send?.map((outgoing) => {
      if (outgoing.after === undefined || outgoing.after > batch) return outgoing;
      const { after: _, ...free } = outgoing;
      return free;
    });
  }

  readEntries(request: LogRead): void {
    this.#readEntries ??= [];
    this.#readEntries.push(request);
  }

  sendSnapshot(order: SnapshotOrder): void {
    this.#sendSnapshot ??= [];
    this.#sendSnapshot.push(order);
  }

  restoreSnapshot(metadata: SnapshotMetadata): void {
    this.#restoreSnapshot = metadata;
  }

  read(outcome: ReadOutcome): void {
    this.#reads ??= [];
    this.#reads.push(outcome);
  }

  outcome(outcome: ProposalOutcome): void {
    this.#outcomes ??= [];
    this.#outcomes.push(outcome);
  }

  transfer(outcome: TransferOutcome): void {
    this.#transfers ??= [];
    this.#transfers.push(outcome);
  }

  notice(notice: LeadershipNotice): void {
    this.#notices ??= [];
    this.#notices.push(notice);
  }

  /** Everything gathered, and the turn's result; undefined if there is nothing to do. */
  take(turn: TurnResult): Effects | undefined {
    const { persist, commit, role, peers } = turn;
    const nothing = persist === undefined && commit === undefined && role === undefined && peers === undefined;
    if (nothing && this.#isEmpty()) return undefined;
    const effects: Writable<Effects> = {
      send: this.#send ?? none,
      readEntries: this.#readEntries ?? none,
      sendSnapshot: this.#sendSnapshot ?? none,
      reads: this.#reads ?? none,
      outcomes: this.#outcomes ?? none,
      transfers: this.#transfers ?? none,
      notices: this.#notices ?? none,
    };
    if (persist !== undefined) effects.persist = persist;
    if (commit !== undefined) effects.commit = commit;
    if (this.#restoreSnapshot !== undefined) effects.restoreSnapshot = this.#restoreSnapshot;
    if (role !== undefined) effects.role = role;
    if (peers !== undefined) effects.peers = peers;
    this.#clear();
    return effects;
  }

  #isEmpty(): boolean {
    return (
      this.#send === undefined &&
      this.#readEntries === undefined &&
      this.#sendSnapshot === undefined &&
      this.#restoreSnapshot === undefined &&
      this.#reads === undefined &&
      this.#outcomes === undefined &&
      this.#transfers === undefined &&
      this.#notices === undefined
    );
  }

  #clear(): void {
    this.#send = undefined;
    this.#readEntries = undefined;
    this.#sendSnapshot = undefined;
    this.#restoreSnapshot = undefined;
    this.#reads = undefined;
    this.#outcomes = undefined;
    this.#transfers = undefined;
    this.#notices = undefined;
  }
}
