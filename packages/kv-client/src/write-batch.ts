import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type OperationResult } from "@raftkv/proto/kv";
import type { WriteOperation } from "./write-operation.ts";

/** Writes that were sent together, with the sequences they keep for as long as their session lives. */
export class WriteBatch {
  readonly firstSequence: number;
  readonly operations: readonly WriteOperation[];
  inFlight = false;

  constructor(firstSequence: number, operations: readonly WriteOperation[]) {
    this.firstSequence = firstSequence;
    this.operations = operations;
    for (const operation of operations) operation.batch = this;
  }

  /** As it stands now: sent again, it may hold skips, and acknowledges more. */
  encode(sessionId: number, acknowledgedThrough: number): Uint8Array {
    const batch = create(CommandBatchSchema, {
      sessionId: BigInt(sessionId),
      firstSequence: BigInt(this.firstSequence),
      acknowledgedThrough: BigInt(acknowledgedThrough),
      operations: this.operations.map((operation) => operation.toWire()),
    });
    return toBinary(CommandBatchSchema, batch);
  }

  /** Nobody waits for any of it. */
  get settled(): boolean {
    return this.operations.every((operation) => operation.settled);
  }

  /** The attempt that was in flight may have taken effect, whatever becomes of a later one. */
  leaveOpen(): void {
    for (const operation of this.operations) operation.earlierAttemptOpen = true;
  }

  /** What was carried out beside a refused write is going to be asked for again: until then its outcome is open. */
  leaveAnsweredOpen(results: readonly OperationResult[]): void {
    for (const [index, operation] of this.operations.entries()) {
      if (results[index]?.result.case !== "error") operation.earlierAttemptOpen = true;
    }
  }

  /** What is left once the first `count` are answered. */
  after(count: number): WriteBatch {
    return new WriteBatch(this.firstSequence + count, this.operations.slice(count));
  }

  /** Each write in a batch of its own. */
  split(): readonly WriteBatch[] {
    return this.operations.map((operation, index) => new WriteBatch(this.firstSequence + index, [operation]));
  }
}
