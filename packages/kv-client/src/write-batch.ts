import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema } from "@raftkv/proto/kv";
import type { WriteOperation } from "./write-operation.ts";

/** Writes that were sent together, with the sequences they keep for as long as their session lives. */
export class WriteBatch {
  readonly firstSequence: number;
  readonly operations: readonly WriteOperation[];
  inFlight = false;
  #encoded: { readonly bytes: Uint8Array; readonly skips: number } | undefined;

  constructor(firstSequence: number, operations: readonly WriteOperation[]) {
    this.firstSequence = firstSequence;
    this.operations = operations;
    for (const operation of operations) operation.batch = this;
  }

  /** Encoded once: a resent batch is the same bytes, unless a write of it has become a skip. */
  encode(sessionId: number, acknowledgedThrough: number): Uint8Array {
    const skips = this.operations.filter((operation) => operation.settled).length;
    if (this.#encoded?.skips === skips) return this.#encoded.bytes;
    const batch = create(CommandBatchSchema, {
      sessionId: BigInt(sessionId),
      firstSequence: BigInt(this.firstSequence),
      acknowledgedThrough: BigInt(acknowledgedThrough),
      operations: this.operations.map((operation) => operation.toWire()),
    });
    this.#encoded = { bytes: toBinary(CommandBatchSchema, batch), skips };
    return this.#encoded.bytes;
  }

  /** Nobody waits for any of it. */
  get settled(): boolean {
    return this.operations.every((operation) => operation.settled);
  }

  /** The attempt that was in flight may have taken effect, whatever becomes of a later one. */
  leaveOpen(): void {
    for (const operation of this.operations) operation.earlierAttemptOpen = true;
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
