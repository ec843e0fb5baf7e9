import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, EntryEnvelopeSchema, type OperationSchema } from "@raftkv/proto/kv";

/** Operations on their way to the log, in one batch. `sessionId` 0: without a session. */
export interface Command {
  readonly sessionId: number;
  /** Of the first operation. */
  readonly sequence: number;
  readonly acknowledgedThrough: number;
  readonly operations: readonly CommandOperation[];
}

export type CommandOperation = NonNullable<MessageInitShape<typeof OperationSchema>["operation"]>;

export function encodeCommand({ sessionId, sequence, acknowledgedThrough, operations }: Command): Uint8Array {
  return toBinary(
    CommandBatchSchema,
    create(CommandBatchSchema, {
      sessionId: BigInt(sessionId),
      firstSequence: BigInt(sequence),
      acknowledgedThrough: BigInt(acknowledgedThrough),
      operations: operations.map((operation) => ({ operation })),
    }),
  );
}

/** What a leader puts into the log: the batch with its stamp of cluster time. */
export function envelope(clusterTimeMs: number, commandBatch: Uint8Array): Uint8Array {
  return toBinary(
    EntryEnvelopeSchema,
    create(EntryEnvelopeSchema, { clusterTimeMs: BigInt(clusterTimeMs), commandBatch }),
  );
}
