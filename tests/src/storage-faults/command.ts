import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, EntryEnvelopeSchema } from "@raftkv/proto/kv";

/** An entry that puts one key, without a session. */
export function putCommand(clusterTimeMs: number, key: string, value: string): Uint8Array {
  const put = { key: Buffer.from(key), value: Buffer.from(value) };
  const batch = create(CommandBatchSchema, { operations: [{ operation: { case: "put", value: put } }] });
  const commandBatch = toBinary(CommandBatchSchema, batch);
  return toBinary(
    EntryEnvelopeSchema,
    create(EntryEnvelopeSchema, { clusterTimeMs: BigInt(clusterTimeMs), commandBatch }),
  );
}
