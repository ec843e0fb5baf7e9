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

/** Gathers what a turn wants done until it is taken. */
export class EffectsBuffer {
  #send: Outgoing[] = [];
  #readEntries: LogRead[] = [];
  #sendSnapshot: SnapshotOrder[] = [];
  #restoreSnapshot: SnapshotMetadata | undefined;
  #reads: ReadOutcome[] = [];
  #outcomes: ProposalOutcome[] = [];
  #transfers: TransferOutcome[] = [];
  #notices: LeadershipNotice[] = [];

  send(outgoing: Outgoing): void {
    this.#send.push(outgoing);
  }

  /** That batch is durable: messages that waited for it no longer do. */
  persisted(batch: BatchId): void {
    if (this.#send.length === 0) return;
    this.#send = this.#send.map((outgoing) => {
      if (outgoing.after === undefined || outgoing.after > batch) return outgoing;
      const { after: _, ...free } = outgoing;
      return free;
    });
  }

  readEntries(request: LogRead): void {
    this.#readEntries.push(request);
  }

  sendSnapshot(order: SnapshotOrder): void {
    this.#sendSnapshot.push(order);
  }

  restoreSnapshot(metadata: SnapshotMetadata): void {
    this.#restoreSnapshot = metadata;
  }

  read(outcome: ReadOutcome): void {
    this.#reads.push(outcome);
  }

  outcome(outcome: ProposalOutcome): void {
    this.#outcomes.push(outcome);
  }

  transfer(outcome: TransferOutcome): void {
    this.#transfers.push(outcome);
  }

  notice(notice: LeadershipNotice): void {
    this.#notices.push(notice);
  }

  /** Everything gathered, and the turn's result; undefined if there is nothing to do. */
  take(turn: TurnResult): Effects | undefined {
    const { persist, commit, role, peers } = turn;
    const nothing = persist === undefined && commit === undefined && role === undefined && peers === undefined;
    if (nothing && this.#isEmpty()) return undefined;
    const effects: Writable<Effects> = {
      send: orNone(this.#send),
      readEntries: orNone(this.#readEntries),
      sendSnapshot: orNone(this.#sendSnapshot),
      reads: orNone(this.#reads),
      outcomes: orNone(this.#outcomes),
      transfers: orNone(this.#transfers),
      notices: orNone(this.#notices),
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
      this.#send.length === 0 &&
      this.#readEntries.length === 0 &&
      this.#sendSnapshot.length === 0 &&
      this.#restoreSnapshot === undefined &&
      this.#reads.length === 0 &&
      this.#outcomes.length === 0 &&
      this.#transfers.length === 0 &&
      this.#notices.length === 0
    );
  }

  #clear(): void {
    if (this.#send.length > 0) this.#send = [];
    if (this.#readEntries.length > 0) this.#readEntries = [];
    if (this.#sendSnapshot.length > 0) this.#sendSnapshot = [];
    this.#restoreSnapshot = undefined;
    if (this.#reads.length > 0) this.#reads = [];
    if (this.#outcomes.length > 0) this.#outcomes = [];
    if (this.#transfers.length > 0) this.#transfers = [];
    if (this.#notices.length > 0) this.#notices = [];
  }
}

/** Most turns want few kinds of things done: what there is nothing of is the same for all. */
function orNone<Item>(items: readonly Item[]): readonly Item[] {
  return items.length === 0 ? none : items;
}
