import type { Identity, Index, RestoredState, SnapshotMetadata, Term } from "@raftkv/raft-core";
import { Checkpointer, type Connection, checkpointWhole } from "../sqlite/connection.ts";
import { MetaTable } from "../sqlite/meta-table.ts";
import { type Block, blockTargetBytes, joinBlocks, termAt } from "./block.ts";
import { BlockTable } from "./block-table.ts";
import { changeBytes } from "./group-commit.ts";
import { type LogHead, parseHead, parseIdentity } from "./log-head.ts";
import { parseSnapshotMetadata } from "./membership-record.ts";
import type { LogChange, LogForm, LogStatus, LogWrite } from "./protocol.ts";
import { restoreLog } from "./restore.ts";
import type { Witness } from "./witness.ts";

/** The write-ahead log is copied into the database once it has this many pages: small enough not to be felt. */
const checkpointFrames = 1_000;
/** Room that is freed with each commit after a compaction, beside twice what the commit adds. */
const sweepBytes = 256 * 1024;

/** The log in its database, as its thread works on it: synchronous, and only ever one at a time. */
export class LogStore {
  readonly #connection: Connection;
  readonly #file: string;
  readonly #witness: Witness;
  readonly #meta: MetaTable;
  readonly #blocks: BlockTable;
  readonly #checkpointer: Checkpointer;
  readonly #begin;
  readonly #commit;
  #identity: Identity;
  #base: SnapshotMetadata;
  #head: LogHead;
  /** Appended in this commit, not in the table yet: what follows on may join the same row. */
  #tail: Block[] = [];
  /** Whether no row below the base waits to be freed. */
  #swept = false;

  constructor(connection: Connection, file: string, witness: Witness) {
    this.#connection = connection;
    this.#file = file;
    this.#witness = witness;
    this.#meta = new MetaTable(connection, file);
    this.#blocks = new BlockTable(connection, file);
    this.#checkpointer = new Checkpointer(connection, checkpointFrames);
    this.#begin = connection.prepare("BEGIN IMMEDIATE");
    this.#commit = connection.prepare("COMMIT");
    this.#identity = parseIdentity(this.#meta.get("identity"));
    this.#base = parseSnapshotMetadata(this.#meta.get("base"));
    this.#head = parseHead(this.#meta.get("head"));
  }

  /**
   * Makes durable what a crash may have left in the kernel's hands, and counts the start: in the database itself, so
   * that a lost write-ahead log can never make a log that was in use look as if it had not been.
   */
  start(): Identity {
    checkpointWhole(this.#connection);
    this.#transact(0, () => this.#putIdentity({ ...this.#identity, incarnation: this.#identity.incarnation + 1 }));
    checkpointWhole(this.#connection);
    return this.#identity;
  }

  /** Carries out all of `changes`, durably, in one commit. */
  apply(changes: readonly LogChange[]): void {
    const bytes = changes.reduce((sum, change) => sum + changeBytes(change), 0);
    this.#transact(bytes, () => {
      for (const change of changes) this.#applyOne(change);
    });
  }

  load(): RestoredState {
    return restoreLog(this.#file, this.#base, this.#head, this.#blocks.above(this.#base.index));
  }

  status(): LogStatus {
    const { sequence, logBytes, lastIndex } = this.#head;
    return { sequence, usage: { logBytes, firstIndex: this.#base.index + 1, lastIndex } };
  }

  /** Keeps the write-ahead log short. For a moment when nobody waits. */
  checkpointIfLong(): void {
    this.#checkpointer.checkpointIfLong();
  }

  close(): void {
    checkpointWhole(this.#connection);
    this.#connection.close();
    this.#witness.close();
  }

  #transact(bytes: number, change: () => void): void {
    this.#begin.run();
    change();
    this.#flushTail();
    if (!this.#swept) this.#swept = this.#blocks.sweep(this.#base.index, 2 * bytes + sweepBytes);
    this.#head = { ...this.#head, sequence: this.#head.sequence + 1 };
    this.#meta.put("head", this.#head);
    this.#commit.run();
    const { sequence, lastIndex, lastTerm } = this.#head;
    this.#witness.record({ memberId: this.#identity.memberId, sequence, lastIndex, lastTerm });
  }

  #applyOne(change: LogChange): void {
    switch (change.kind) {
      case "write":
        this.#write(change);
        return;
      case "compact":
        this.#compact(change.base);
        return;
      case "form":
        if (this.#base.index !== 0 || this.#head.lastIndex !== 0) {
          throw new RangeError("a cluster is formed on an empty log only");
        }
        this.#putIdentity({ ...this.#identity, clusterId: change.clusterId, ...electionTimeoutOf(change) });
        this.#putBase({ index: 0, term: 0, membership: change.membership });
    }
  }

  #write(write: LogWrite): void {
    if (write.resetTo !== undefined) this.#reset(write.resetTo);
    if (write.truncateFrom !== undefined) this.#truncate(write.truncateFrom);
    for (const block of write.append) this.#append(block);
    if (write.hardState !== undefined) this.#head = { ...this.#head, hardState: write.hardState };
  }

  #append(block: Block): void {
    const { lastIndex, lastTerm, logBytes } = this.#head;
    const firstTerm = block.runs[0]?.term ?? 0;
    if (block.first !== lastIndex + 1 || firstTerm < lastTerm) {
      throw new RangeError(
        `entry ${block.first} of term ${firstTerm} cannot follow entry ${lastIndex} of term ${lastTerm}`,
      );
    }
    const tailBytes = this.#tail.reduce((sum, { body }) => sum + body.byteLength, 0);
    if (tailBytes + block.body.byteLength > blockTargetBytes) this.#flushTail();
    this.#tail.push(block);
    this.#head = {
      ...this.#head,
      lastIndex: block.last,
      lastTerm: termAt(block, block.last),
      logBytes: logBytes + block.body.byteLength,
    };
  }

  #truncate(from: Index): void {
    const { lastIndex, logBytes } = this.#head;
    if (from > lastIndex) return;
    if (from <= this.#base.index) {
      throw new RangeError(`entry ${from} cannot be truncated: the log up to ${this.#base.index} is compacted`);
    }
    this.#flushTail();
    const dropped = this.#blocks.truncate(from, lastIndex);
    this.#head = { ...this.#head, logBytes: logBytes - dropped, lastIndex: from - 1, lastTerm: this.#termAt(from - 1) };
  }

  #compact(base: SnapshotMetadata): void {
    if (base.index <= this.#base.index) return;
    this.#flushTail();
    if (base.index > this.#head.lastIndex || this.#termAt(base.index) !== base.term) {
      throw new RangeError(`the log cannot be compacted to index ${base.index}, term ${base.term}: it is not in there`);
    }
    const dropped = this.#blocks.compact(this.#base.index, base.index);
    this.#head = { ...this.#head, logBytes: this.#head.logBytes - dropped };
    this.#putBase(base);
  }

  #reset(snapshot: SnapshotMetadata): void {
    const { index, term } = snapshot;
    if (index < this.#base.index) {
      throw new RangeError(`the log cannot go back from ${this.#base.index} to a snapshot at ${index}`);
    }
    this.#flushTail();
    const matches = index <= this.#head.lastIndex && this.#termAt(index) === term;
    if (matches && index > this.#base.index) {
      this.#compact(snapshot);
      return;
    }
    if (!matches) {
      this.#blocks.clearAbove(index);
      this.#head = { ...this.#head, lastIndex: index, lastTerm: term, logBytes: 0 };
    }
    this.#putBase(snapshot);
  }

  /** The term of the base or of an entry above it. */
  #termAt(index: Index): Term {
    return index === this.#base.index ? this.#base.term : termAt(this.#blocks.at(index), index);
  }

  #flushTail(): void {
    const [first, ...others] = this.#tail;
    if (first !== undefined) this.#blocks.put(joinBlocks([first, ...others]));
    this.#tail = [];
  }

  #putIdentity(identity: Identity): void {
    this.#identity = identity;
    this.#meta.put("identity", identity);
  }

  #putBase(base: SnapshotMetadata): void {
    this.#base = base;
    this.#swept = false;
    this.#meta.put("base", base);
  }
}

function electionTimeoutOf({ electionTimeout }: LogForm): Pick<Identity, "electionTimeout"> {
  return electionTimeout === undefined ? {} : { electionTimeout };
}
