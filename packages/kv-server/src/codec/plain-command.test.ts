import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, EntryEnvelopeSchema, type OperationSchema } from "@raftkv/proto/kv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAnyCommand, decodeCommand } from "./command-codec.ts";
import { decodeEnvelope, encodeEnvelope } from "./envelope.ts";
import { decodePlainCommand } from "./plain-command.ts";

type WireOperation = NonNullable<MessageInitShape<typeof OperationSchema>["operation"]>;

const uint64 = fc.oneof(fc.nat().map(BigInt), fc.bigInt(0n, 2n ** 64n - 1n));
const bytes = fc.uint8Array({ maxLength: 200 });
const plain: fc.Arbitrary<WireOperation> = fc.oneof(
  fc
    .record({ key: fc.uint8Array({ minLength: 1, maxLength: 200 }), value: fc.uint8Array({ minLength: 1 }) })
    .map((value): WireOperation => ({ case: "put", value })),
  fc.uint8Array({ minLength: 1 }).map((key): WireOperation => ({ case: "delete", value: { key } })),
);
const other: fc.Arbitrary<WireOperation> = fc.oneof(
  bytes.map((key): WireOperation => ({ case: "put", value: { key } })),
  fc.record({ leaseId: uint64, withPrevious: fc.boolean() }).map((value): WireOperation => ({ case: "put", value })),
  bytes.map((key): WireOperation => ({ case: "delete", value: { key, withPrevious: true } })),
  uint64.map((ttlMs): WireOperation => ({ case: "openSession", value: { ttlMs } })),
  uint64.map((revision): WireOperation => ({ case: "compact", value: { revision } })),
  fc.constant<WireOperation>({ case: "skip", value: {} }),
);

function encoded(operations: readonly WireOperation[], numbers: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const [sessionId = 0n, firstSequence = 0n, acknowledgedThrough = 0n] = numbers;
  const wire = operations.map((operation) => ({ operation }));
  const batch = { sessionId, firstSequence, acknowledgedThrough, operations: wire };
  return toBinary(CommandBatchSchema, create(CommandBatchSchema, batch));
}

/** As it is written, cut off, followed by something, with bytes changed, or twice, one after the other. */
function spoilt(message: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.nat(255), fc.constantFrom(0x08, 0x0a, 0x12, 0x22, 0x80)) });
  return fc
    .tuple(message, fc.nat(), fc.array(change, { maxLength: 3 }), bytes, fc.nat(3))
    .map(([whole, length, changes, more, how]) => {
      if (how === 0) return whole.subarray(0, length % (whole.length + 1));
      if (how === 1) return Uint8Array.from([...whole, ...more]);
      if (how === 2) return Uint8Array.from([...whole, ...whole]);
      const changed = Uint8Array.from(whole);
      for (const { at, to } of changes) if (changed.length > 0) changed[at % changed.length] = to;
      return changed;
    });
}

const numbers = fc.array(uint64, { minLength: 3, maxLength: 3 });

describe("what most entries hold", () => {
  test("is read without protobuf, as protobuf reads it", () => {
    const safe = fc.array(fc.nat().map(BigInt), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 5 }), safe, (operations, numbers) => {
        const batch = encoded(operations, numbers);
        const command = decodePlainCommand(batch);
        expect(command).toBeDefined();
        expect(command).toStrictEqual(decodeAnyCommand(batch));
      }),
    );
  });

  test("and anything else, whole or spoilt, is taken and refused as protobuf does", () => {
    const batch = fc
      .tuple(fc.array(fc.oneof(plain, other), { maxLength: 4 }), numbers)
      .map(([operations, numbers]) => encoded(operations, numbers));
    fc.assert(
      fc.property(fc.oneof(batch, spoilt(batch), bytes), (message) => {
        expect(decodeCommand(message)).toStrictEqual(decodeAnyCommand(message));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an envelope", () => {
  test("is written as protobuf writes it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), bytes, (clusterTimeMs, commandBatch) => {
        const message = create(EntryEnvelopeSchema, { clusterTimeMs: BigInt(clusterTimeMs), commandBatch });
        expect(encodeEnvelope(clusterTimeMs, commandBatch)).toEqual(toBinary(EntryEnvelopeSchema, message));
      }),
    );
  });

  test("is read and refused as protobuf does, whole or spoilt", () => {
    const batch = fc.tuple(fc.array(plain, { maxLength: 2 }), numbers).map(([some, given]) => encoded(some, given));
    const envelope = fc
      .tuple(uint64, batch)
      .map(([clusterTimeMs, commandBatch]) =>
        toBinary(EntryEnvelopeSchema, create(EntryEnvelopeSchema, { clusterTimeMs, commandBatch })),
      );
    fc.assert(
      fc.property(fc.oneof(envelope, spoilt(envelope), bytes), (message) => {
        expect(decodeEnvelope(message)).toStrictEqual(decodedByProtobuf(message));
      }),
      { numRuns: 2_000 },
    );
  });
});

function decodedByProtobuf(payload: Uint8Array) {
  try {
    const envelope = fromBinary(EntryEnvelopeSchema, payload);
    const clusterTimeMs = Number(envelope.clusterTimeMs);
    const command = decodeAnyCommand(envelope.commandBatch);
    if (Number.isSafeInteger(clusterTimeMs) && command !== undefined)
      return { kind: "command", clusterTimeMs, command };
  } catch {
    // It is no envelope.
  }
  return { kind: "malformed" };
}
