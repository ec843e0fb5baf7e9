import type { MessageInitShape } from "@bufbuild/protobuf";
import { ComparisonRelation, ErrorCode, type SortTarget, type TransactionOperationSchema } from "@raftkv/proto/kv";
import { RaftError } from "@raftkv/raft-core";
import { describe, expect, test } from "vitest";
import { encodeEnvelope } from "../codec/envelope.ts";
import { type BatchInit, bytes, encodeBatch, openSession, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { pulled, pushed } from "../test-rig/exchange-carriers.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { plain } from "../test-rig/plain.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";
import type { KvServicesOptions } from "./service-context.ts";

/** A cluster that has come to apply version 3. */
async function rigWithTransactions(options: Partial<KvServicesOptions> = {}): Promise<ServiceRig> {
  const rig = await serviceRig(options);
  await raise(rig, 3);
  return rig;
}

async function raise(rig: ServiceRig, version: number): Promise<void> {
  await rig.consensus.propose(encodeEnvelope(0, encodeBatch({ operations: [raiseApplyVersion(version)] })));
}

type TransactionInit = MessageInitShape<typeof TransactionOperationSchema>;

const text = (key: string) => ({ case: "keyText", value: key }) as const;
const valueText = (value: string) => ({ case: "valueText", value }) as const;
const exists = (key: string) => ({
  key: bytes(key),
  relation: ComparisonRelation.GREATER,
  target: { case: "version", value: 0n } as const,
});

describe("over plain HTTP", () => {
  test("a put and a delete tell what the key was before, as text where they were asked in text", async () => {
    const { kv } = await rigWithTransactions();
    expect(
      (await kv.put({ keyForm: text("a"), valueForm: valueText("1"), withPrevious: true })).previous,
    ).toBeUndefined();
    const over = await kv.put({ keyForm: text("a"), valueForm: valueText("2"), withPrevious: true });
    expect(over).toMatchObject({
      revision: 3n,
      previous: { keyText: "a", valueText: "1", modRevision: 2n, version: 1n },
    });
    const gone = await kv.delete({ keyForm: text("a"), withPrevious: true });
    expect(gone).toMatchObject({ revision: 4n, deleted: true, previous: { valueText: "2", createRevision: 2n } });
  });

  test("a range is deleted at one revision", async () => {
    const { kv } = await rigWithTransactions();
    for (const key of ["a/1", "a/2", "b"]) await kv.put({ keyForm: text(key), valueForm: valueText(key) });
    const gone = await kv.deleteRange({ prefixText: "a/", withPrevious: true });
    expect(gone).toMatchObject({ revision: 5n, deleted: 2n, previous: [{ valueText: "a/1" }, { valueText: "a/2" }] });
    expect(await kv.deleteRange({ prefixText: "a/" })).toMatchObject({ revision: 5n, deleted: 0n });
    expect((await kv.range({ prefixText: "b" })).entries).toMatchObject([{ keyText: "b" }]);
    expect((await kv.range({})).entries).toHaveLength(1);
    const senseless = await failureOfCall(kv.deleteRange({ prefixText: "a", from: bytes("b") }));
    expect(senseless.detail.code).toBe(ErrorCode.INVALID_REQUEST);
  });

  test("a transaction compares, then reads and writes at one revision", async () => {
    const { kv } = await rigWithTransactions();
    await kv.put({ keyForm: text("a"), valueForm: valueText("1") });
    const { result } = await kv.transaction({
      transaction: {
        comparisons: [exists("a")],
        // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
        then: [
          { step: { case: "put", value: { key: bytes("b"), value: bytes("2") } } },
          { step: { case: "range", value: { countOnly: true } } },
        ],
      },
    });
    expect(result).toMatchObject({
      succeeded: true,
      revision: 3n,
      results: [{ result: { value: { revision: 3n } } }, { result: { case: "range", value: { count: 2n } } }],
    });
    const empty = await failureOfCall(kv.transaction({}));
    expect(empty.error.message).toContain("has no transaction");
  });

  test("a write that is fenced takes effect only while the lock is the same", async () => {
    const { kv } = await rigWithTransactions();
    const { revision: token } = await kv.put({ keyForm: text("lock"), valueForm: valueText("me") });
    const write = (fence: { key: Uint8Array; token: bigint }) =>
      kv.put({ keyForm: text("a"), valueForm: valueText("1"), fence });
    const fence = { key: bytes("lock"), token };
    expect(await write(fence)).toMatchObject({ revision: 3n });
    // Written again it is still held, but not once it was created anew.
    await kv.put({ keyForm: text("lock"), valueForm: valueText("still me") });
    expect(await write(fence)).toMatchObject({ revision: 5n });
    await kv.delete({ keyForm: text("lock") });
    expect((await failureOfCall(write(fence))).detail).toMatchObject({ code: ErrorCode.FENCED, outcomeUnknown: false });
    await kv.put({ keyForm: text("lock"), valueForm: valueText("another") });
    for (const call of [
      write(fence),
      kv.delete({ keyForm: text("a"), fence }),
      kv.deleteRange({ prefixText: "a", fence }),
      kv.transaction({ transaction: { otherwise: [] }, fence }),
    ]) {
      expect((await failureOfCall(call)).detail.code).toBe(ErrorCode.FENCED);
    }
    expect(await kv.get({ keyForm: text("a") })).toMatchObject({ found: true, entry: { version: 2n } });
  });

  test("ranges are ordered, counted and filtered by revision", async () => {
    const { kv } = await rigWithTransactions();
    for (const [key, value] of [
      ["a", "3"],
      ["b", "1"],
      ["c", "2"],
      ["a", "0"],
    ]) {
      await kv.put({ keyForm: text(key ?? ""), valueForm: valueText(value ?? "") });
    }
    const keysOf = async (request: Parameters<typeof kv.range>[0]) =>
      (await kv.range(request)).entries.map(({ key }) => Buffer.from(key).toString());
    expect(await keysOf({ order: { descending: true }, limit: 2 })).toEqual(["c", "b"]);
    expect(await keysOf({ order: { target: 5 } })).toEqual(["a", "b", "c"]);
    expect(await keysOf({ order: { target: 5 }, atRevision: 4n })).toEqual(["b", "c", "a"]);
    expect(await keysOf({ order: { target: 4, descending: true }, keysOnly: true })).toEqual(["a", "c", "b"]);
    expect(await keysOf({ filter: { minModRevision: 3n, maxModRevision: 4n } })).toEqual(["b", "c"]);
    expect(await kv.range({ countOnly: true, filter: { minModRevision: 4n } })).toMatchObject({
      count: 2n,
      entries: [],
    });
    const unknown = await failureOfCall(kv.range({ order: { target: 99 as SortTarget } }));
    expect(unknown.error.message).toContain("unknown to this version");
  });
});

describe("before it is proposed", () => {
  test("what an earlier version does not know is refused while one belongs to the cluster, and not ignored", async () => {
    const rig = await serviceRig();
    await raise(rig, 2);
    const key = text("a");
    const fence = { key: bytes("lock"), token: 2n };
    for (const call of [
      rig.kv.put({ keyForm: key, valueForm: valueText("1"), withPrevious: true }),
      rig.kv.put({ keyForm: key, valueForm: valueText("1"), fence }),
      rig.kv.delete({ keyForm: key, withPrevious: true }),
      rig.kv.delete({ keyForm: key, fence }),
      rig.kv.deleteRange({ prefixText: "a" }),
      rig.kv.transaction({ transaction: {} }),
    ]) {
      const { detail } = await failureOfCall(call);
      expect(detail).toMatchObject({ code: ErrorCode.CLUSTER_TOO_OLD, outcomeUnknown: false });
      expect(detail.message).toContain("upgrade all nodes");
    }
    // Only the raise itself.
    expect(rig.consensus.proposed).toHaveLength(1);
    expect(rig.machine.revision()).toBe(1);
  });

  test("it is to be tried again where the cluster may do it in a moment; else the error names who stands in its way", async () => {
    let answering = Promise.withResolvers<void>();
    const rig = await serviceRig({
      inspect: async (address) => {
        await answering.promise;
        const nodeId = Number(address.at(-1));
        return { nodeId, memberId: `member-${nodeId}`, clusterId: "cluster", maxApplyVersion: nodeId === 2 ? 3 : 1 };
      },
    });
    const refusal = async () => (await failureOfCall(rig.kv.transaction({ transaction: {} }))).detail;
    expect(await refusal()).toMatchObject({ code: ErrorCode.NOT_READY, outcomeUnknown: false });
    answering.resolve();
    for (let turn = 0; turn < 20; turn++) await promisesSettle();
    const { code, message } = await refusal();
    expect({ code, message }).toEqual({
      code: ErrorCode.CLUSTER_TOO_OLD,
      message: expect.stringContaining("(node 3 at 127.0.0.1:50053 runs an earlier version)"),
    });
    // The leader of the next term has to look for itself.
    answering = Promise.withResolvers();
    rig.consensus.become("leader", 2);
    expect((await refusal()).code).toBe(ErrorCode.NOT_READY);
  });

  test("only who is known to lead says that the cluster is too old: it may have gone on without a leader that was deposed", async () => {
    const inspect = async (address: string) => {
      const nodeId = Number(address.at(-1));
      return { nodeId, memberId: `member-${nodeId}`, clusterId: "cluster", maxApplyVersion: 1 };
    };
    const rig = await serviceRig({ inspect });
    for (let turn = 0; turn < 20; turn++) await promisesSettle();
    const { consensus } = rig;
    const refusals = async () => {
      const calls = [
        rig.kv.transaction({ transaction: {} }),
        rig.kv.compact({ revision: 1n }),
        rig.cluster.beginCheck({}),
      ];
      const failures = await Promise.all(calls.map(failureOfCall));
      return failures.map(({ detail: { code, outcomeUnknown } }) => ({ code: ErrorCode[code], outcomeUnknown }));
    };
    const all = (...codes: readonly string[]) => codes.map((code) => ({ code, outcomeUnknown: false }));
    expect(await refusals()).toEqual(all("CLUSTER_TOO_OLD", "NO_HISTORY", "CLUSTER_TOO_OLD"));
    consensus.readIndexError = new RaftError("notLeader", "another node leads");
    expect(await refusals()).toEqual(all("NOT_LEADER", "NOT_LEADER", "NOT_LEADER"));
    consensus.readIndexError = undefined;
    consensus.holding = true;
    void raise(rig, 3);
    const readIndex = consensus.readIndex.bind(consensus);
    consensus.readIndex = (signal) => {
      consensus.commit();
      return readIndex(signal);
    };
    expect(await refusals()).toEqual(all("NOT_READY", "NOT_READY", "NOT_READY"));
  });

  test("a deletion that names no keys deletes none; every key goes where that is said", async () => {
    const { kv, machine } = await rigWithTransactions();
    for (const key of ["a", "b", "c"]) await kv.put({ keyForm: text(key), valueForm: valueText(key) });
    const revision = machine.revision();
    const everything = { step: { case: "deleteRange", value: {} } } as const;
    const calls = [
      kv.deleteRange({}),
      kv.deleteRange({ all: true, from: bytes("a") }),
      kv.deleteRange({ all: true, prefixText: "a" }),
      kv.transaction({ transaction: { otherwise: [everything] } }),
      kv.transaction({
        transaction: { otherwise: [{ step: { case: "transaction", value: { otherwise: [everything] } } }] },
      }),
    ];
    for (const call of calls) expect((await failureOfCall(call)).detail.code).toBe(ErrorCode.INVALID_REQUEST);
    expect(machine.revision()).toBe(revision);
    expect((await kv.deleteRange({ all: true })).deleted).toBe(3n);
  });

  test("what keeps its value has none, and the key must be there", async () => {
    const { kv } = await rigWithTransactions();
    const keep = { keyForm: text("a"), keepValue: true } as const;
    expect((await failureOfCall(kv.put(keep))).detail.code).toBe(ErrorCode.KEY_NOT_FOUND);
    await kv.put({ keyForm: text("a"), valueForm: valueText("1"), ttlMs: 60_000n });
    const { leaseId } = (await kv.get({ keyForm: text("a") })).entry ?? {};
    await kv.put({ keyForm: text("a"), valueForm: valueText("2"), keepLease: true });
    expect((await kv.get({ keyForm: text("a") })).entry).toMatchObject({ valueText: "2", leaseId });
    await kv.put({ ...keep, valueForm: valueText("") });
    expect((await kv.get({ keyForm: text("a") })).entry).toMatchObject({ valueText: "2", leaseId: 0n, version: 3n });
    const both = await failureOfCall(kv.put({ ...keep, valueForm: valueText("3") }));
    expect(both.detail.code).toBe(ErrorCode.INVALID_REQUEST);
    expect((await failureOfCall(kv.put({ ...keep, keepLease: true, ttlMs: 500n }))).detail.message).toContain(
      "exclude each other",
    );
  });

  const get = { step: { case: "get", value: { key: bytes("a") } } } as const;
  const nested = (depth: number): TransactionInit =>
    depth === 1 ? {} : { otherwise: [{ step: { case: "transaction", value: nested(depth - 1) } }] };

  const senseless: readonly (readonly [TransactionInit, string, ErrorCode])[] = [
    [{ otherwise: Array(5).fill(get) }, "has 5 steps", ErrorCode.OPERATION_TOO_LARGE],
    [{ comparisons: Array(4).fill(exists("a")) }, "has 4 comparisons", ErrorCode.OPERATION_TOO_LARGE],
    [nested(3), "has 3 transactions within one another", ErrorCode.OPERATION_TOO_LARGE],
    [{ otherwise: [{ step: { case: "get", value: {} } }] }, "the key is empty", ErrorCode.KEY_EMPTY],
    [
      { otherwise: [{ step: { case: "put", value: { key: bytes("a"), value: new Uint8Array(11) } } }] },
      "otherwise[0]: the value has 11 bytes",
      ErrorCode.VALUE_TOO_LARGE,
    ],
    [{ comparisons: [{ key: bytes("a") }] }, "comparisons[0]: relation is missing", ErrorCode.INVALID_REQUEST],
    [
      { comparisons: [{ key: bytes("a"), relation: 1 }] },
      "comparisons[0]: it says nothing to compare with",
      ErrorCode.INVALID_REQUEST,
    ],
    [
      { comparisons: [{ key: bytes("a"), relation: 9 as ComparisonRelation }] },
      "unknown to this version",
      ErrorCode.INVALID_REQUEST,
    ],
    [{ otherwise: [{}] }, "unknown to this version", ErrorCode.INVALID_REQUEST],
    [
      {
        otherwise: [
          { step: { case: "put", value: { key: bytes("a") } } },
          { step: { case: "deleteRange", value: { from: bytes("a") } } },
        ],
      },
      "writes a key twice",
      ErrorCode.INVALID_REQUEST,
    ],
  ];
  test.each(senseless)(
    "a transaction that makes no sense or is too large is refused: %#",
    async (transaction, message, code) => {
      const limits = {
        maxTransactionSteps: 4,
        maxTransactionComparisons: 3,
        maxTransactionDepth: 2,
        maxValueBytes: 10,
      };
      const rig = await rigWithTransactions({ limits });
      const { detail } = await failureOfCall(rig.kv.transaction({ transaction }));
      expect(detail).toMatchObject({ code, outcomeUnknown: false });
      expect(detail.message).toContain(message);
      expect(rig.consensus.proposed).toHaveLength(1);
    },
  );
});

describe.each([
  ["Connect", pulled],
  ["hand", pushed],
])("on a stream carried by %s", (_, carry) => {
  test("a transaction of a session is answered again as it was", async () => {
    const rig = await rigWithTransactions();
    const stream = new ExchangeCall(rig, carry);
    stream.commands({ operations: [openSession(10_000)] });
    const batch: BatchInit = {
      session: 2,
      first: 1,
      operations: [
        put("a", "1"),
        {
          operation: {
            case: "transaction",
            value: {
              comparisons: [exists("a")],
              // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
              then: [
                { step: { case: "get", value: { key: bytes("a") } } },
                { step: { case: "delete", value: { key: bytes("a"), withPrevious: true } } },
              ],
            },
          },
        },
      ],
    };
    stream.commands(batch);
    stream.commands(batch);
    await stream.received(3);
    const answer = stream.answer(2n);
    expect(plain(answer)).toMatchObject({
      value: {
        results: [
          {},
          {
            result: {
              case: "transaction",
              value: {
                revision: 3n,
                succeeded: true,
                results: [
                  { result: { case: "get", value: { entry: { value: "1" } } } },
                  { result: { case: "delete", value: { deleted: true, previous: { version: 1n } } } },
                ],
              },
            },
          },
        ],
      },
    });
    expect(stream.answer(3n)).toEqual(answer);
    expect(rig.machine.revision()).toBe(3);
  });
});

test.each([
  ["Connect", pulled],
  ["hand", pushed],
])("what waits for a client that takes none of its answers is bounded, on a stream carried by %s", async (_, carry) => {
  const rig = await rigWithTransactions({ limits: { maxStreamBytes: 40_000 } });
  const stream = new ExchangeCall(rig, carry);
  stream.commands({ operations: [put("a", "x".repeat(10_000))] });
  await stream.received(1);
  stream.paused = true;
  const before = rig.consensus.proposed.length;
  const again = { case: "put", value: { key: bytes("a"), keepValue: true, withPrevious: true } } as const;
  for (let i = 0; i < 50; i++) {
    stream.commands({ operations: [{ operation: again }] });
    await promisesSettle();
  }
  expect(rig.consensus.proposed.length - before).toBeLessThanOrEqual(6);
  stream.paused = false;
  await stream.received(51);
  expect(stream.answers.at(-1)?.response).toMatchObject({ value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
  const last = stream.commands({ operations: [{ operation: again }] });
  await stream.received(52);
  expect(stream.answer(last)).toMatchObject({ case: "results" });
});
