import { create } from "@bufbuild/protobuf";
import { Consistency, ErrorCode, ReadBatchSchema } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { compact, put } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";
import type { KvServicesOptions } from "./service-context.ts";

const keyForm = { case: "keyText", value: "a" } as const;

/** A cluster whose members all know how to keep history. */
async function rigWithHistory(options: Partial<KvServicesOptions> = {}): Promise<ServiceRig> {
  const rig = await serviceRig({
    inspect: async (address) => {
      const nodeId = Number(address.at(-1));
      return { nodeId, memberId: `member-${nodeId}`, clusterId: "cluster", maxApplyVersion: 2 };
    },
    ...options,
  });
  await rig.consensus.readIndex();
  while (!rig.machine.keepsHistory()) await new Promise((resolve) => setImmediate(resolve));
  return rig;
}

async function write(rig: ServiceRig, ...values: readonly (string | undefined)[]): Promise<void> {
  for (const value of values) {
    if (value === undefined) await rig.kv.delete({ keyForm });
    else await rig.kv.put({ keyForm, valueForm: { case: "valueText", value } });
  }
}

describe("the past", () => {
  test("is read at a revision: a key, a range, and all that was written to a key", async () => {
    const rig = await rigWithHistory();
    await write(rig, "one", "two", undefined, "three");
    expect(await rig.kv.get({ keyForm, atRevision: 3n })).toMatchObject({
      found: true,
      revision: 5n,
      entry: { valueText: "two", createRevision: 2n, modRevision: 3n, version: 2n },
    });
    expect(await rig.kv.get({ keyForm, atRevision: 4n })).toMatchObject({ found: false });
    const { entries } = await rig.kv.range({ prefixText: "a", atRevision: 2n });
    expect(entries).toMatchObject([{ keyText: "a", valueText: "one" }]);
    const { writes, next } = await rig.kv.history({ keyForm, limit: 3 });
    expect(writes).toMatchObject([{ revision: 5n, entry: { valueText: "three" } }, { revision: 4n }, { revision: 3n }]);
    expect(writes[1]?.entry).toBeUndefined();
    expect((await rig.kv.history({ keyForm, atRevision: next })).writes).toMatchObject([{ revision: 2n }]);
  });

  test("that is compacted is refused with the earliest revision, and one that has not come with that", async () => {
    const rig = await rigWithHistory();
    await write(rig, "one", "two", "three");
    expect(await rig.kv.compact({ revision: 3n })).toMatchObject({ compactRevision: 3n });
    const compacted = await failureOfCall(rig.kv.get({ keyForm, atRevision: 2n }));
    expect(compacted.detail).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 3n });
    expect(compacted.error.message).toContain("the earliest that can be read is 3");
    const future = await failureOfCall(rig.kv.range({ atRevision: 5n }));
    expect(future.detail.code).toBe(ErrorCode.FUTURE_REVISION);
    const again = await failureOfCall(rig.kv.compact({ revision: 3n }));
    expect(again.detail).toMatchObject({ code: ErrorCode.COMPACTED, outcomeUnknown: false });
    const tooLate = await failureOfCall(rig.kv.compact({ revision: 99n }));
    expect(tooLate.detail).toMatchObject({ code: ErrorCode.FUTURE_REVISION, outcomeUnknown: false });
    for (const revision of [0n, 2n ** 60n]) {
      const senseless = await failureOfCall(rig.kv.compact({ revision }));
      expect(senseless.detail.code).toBe(ErrorCode.INVALID_REQUEST);
    }
    const senseless = await failureOfCall(rig.kv.get({ keyForm, atRevision: 2n ** 60n }));
    expect(senseless.detail.code).toBe(ErrorCode.INVALID_REQUEST);
  });

  test("is read on a stream, each read by itself, and its range says where the same picture goes on", async () => {
    const rig = await rigWithHistory();
    await write(rig, "one", "two");
    const stream = new ExchangeCall(rig);
    stream.commands({ operations: [put("b", "x"), compact(3)] });
    await stream.received(1);
    const key = Buffer.from("a");
    const everything = { from: key, to: Buffer.from("z"), limit: 1, keysOnly: false };
    const reads = create(ReadBatchSchema, {
      consistency: Consistency.LINEARIZABLE,
      operations: [
        { operation: { case: "get", value: { key, atRevision: 2n } } },
        { operation: { case: "range", value: { ...everything, atRevision: 3n } } },
        { operation: { case: "range", value: everything } },
        { operation: { case: "history", value: { key } } },
        { operation: { case: "get", value: { key, atRevision: 9n } } },
      ],
    });
    stream.send({ case: "reads", value: reads });
    await stream.received(2);
    expect(stream.answer(2n)).toMatchObject({
      case: "reads",
      value: {
        revision: 4n,
        results: [
          { result: { case: "error", value: { code: ErrorCode.COMPACTED, compactRevision: 3n } } },
          { result: { case: "range", value: { revision: 3n, entries: [{ modRevision: 3n }] } } },
          { result: { case: "range", value: { revision: 4n, next: Uint8Array.of(98) } } },
          { result: { case: "history", value: { writes: [{ revision: 3n }], next: 0n } } },
          { result: { case: "error", value: { code: ErrorCode.FUTURE_REVISION } } },
        ],
      },
    });
  });
});

describe("without history, as long as a member cannot keep any", () => {
  test("the present is all there is, and nothing can be compacted", async () => {
    const rig = await serviceRig();
    await write(rig, "one", "two");
    expect((await rig.kv.get({ keyForm, atRevision: 3n })).entry?.valueText).toBe("two");
    const past = await failureOfCall(rig.kv.get({ keyForm, atRevision: 2n }));
    expect(past.detail).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 3n });
    expect((await rig.kv.history({ keyForm })).writes).toMatchObject([{ revision: 3n }]);
    const refused = await failureOfCall(rig.kv.compact({ revision: 2n }));
    expect(refused.detail).toMatchObject({ code: ErrorCode.NO_HISTORY, outcomeUnknown: false });
    expect(refused.error.message).toContain("upgrade all nodes");
    expect(rig.consensus.proposed.length).toBe(2);
  });
});
