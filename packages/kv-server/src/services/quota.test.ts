import { ErrorCode } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import type {
  DeleteOperation,
  FenceableOperation,
  Operation,
  PutOperation,
  TransactionOperation,
  TransactionStep,
} from "../state/command.ts";
import { keyId } from "../state/key-id.ts";
import { bytes, compact, del, openSession, put, skip } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { failureOfCall, serviceRig } from "../test-rig/service-rig.ts";
import { Quota } from "./quota.ts";

const quotaBytes = 2_000;

const putRequest = (key: string, size: number) => ({
  keyForm: { case: "key", value: bytes(key) } as const,
  valueForm: { case: "value", value: bytes("x".repeat(size)) } as const,
});
const deleteRequest = (key: string) => ({ keyForm: { case: "key", value: bytes(key) } as const });

const keyB = { id: keyId(bytes("b")), key: bytes("b") };
const putB: PutOperation = { kind: "put", ...keyB, value: bytes("1"), options: undefined };
const deleteB: DeleteOperation = { kind: "delete", ...keyB, withPrevious: false };

function fenced(operation: FenceableOperation): Operation {
  return { kind: "fenced", fence: { ...keyB, token: 1 }, operation };
}

function transaction(then: readonly TransactionStep[], otherwise: readonly TransactionStep[]): TransactionOperation {
  const extent = { steps: 1, comparisons: 0, depth: 1 };
  return { kind: "transaction", comparisons: [], then, otherwise, extent, problem: undefined };
}

async function full() {
  const rig = await serviceRig({ quotaBytes });
  await rig.kv.put(putRequest("a", 1_000));
  await rig.kv.put(putRequest("b", 1_000));
  await rig.machine.flush();
  return rig;
}

describe("a store that has reached its quota", () => {
  test("refuses what adds to it, says how much and what to do, and takes it again once there is room", async () => {
    const { kv, machine, consensus } = await full();
    const proposed = consensus.proposed.length;
    const { detail } = await failureOfCall(kv.put(putRequest("c", 1)));
    expect(ErrorCode[detail.code]).toBe("QUOTA_EXCEEDED");
    expect(detail.outcomeUnknown).toBe(false);
    expect(detail.message).toMatch(/^the store takes up \d+ bytes, and its quota is 2000 .*raftkv compact REVISION/);
    expect(consensus.proposed).toHaveLength(proposed);

    expect(await kv.delete(deleteRequest("a"))).toMatchObject({ deleted: true });
    await machine.fingerprint();
    expect(machine.usedBytes()).toBeLessThan(quotaBytes);
    expect(await kv.put(putRequest("c", 1))).toMatchObject({ revision: 5n });
  });

  test("shows in the status", async () => {
    const { cluster, machine } = await full();
    const status = await cluster.status({});
    expect(status.quotaBytes).toBe(BigInt(quotaBytes));
    expect(status.stateBytesInUse).toBe(BigInt(machine.usedBytes()));
    expect((await (await serviceRig()).cluster.status({})).quotaBytes).toBe(0n);
  });

  test("answers a put again that was applied before, and refuses the next one", async () => {
    const rig = await serviceRig({ quotaBytes });
    const stream = new ExchangeCall(rig);
    stream.commands({ operations: [openSession(10_000)] });
    const batch = { session: 1, first: 1, operations: [put("a", "x".repeat(quotaBytes)), put("b", "y")] };
    stream.commands(batch);
    await stream.received(2);
    await rig.machine.flush();
    stream.commands(batch);
    stream.commands({ session: 1, first: 3, operations: [put("c", "z")] });
    stream.commands({ session: 1, first: 3, operations: [del("a"), skip, compact(1)] });
    await stream.received(5);
    expect(stream.answer(3n)).toEqual(stream.answer(2n));
    expect(stream.answer(4n)).toMatchObject({ case: "error", value: { code: ErrorCode.QUOTA_EXCEEDED } });
    expect(stream.answer(5n)).toMatchObject({ case: "error", value: { code: ErrorCode.NO_HISTORY } });
    stream.commands({ session: 1, first: 3, operations: [del("a"), skip] });
    await stream.received(6);
    expect(stream.answer(6n)).toMatchObject({ case: "results" });
  });

  test.each([
    ["a put behind a fence", fenced(putB)],
    ["a new lease", { kind: "grantLease", leaseId: 0, ttlMs: 1_000 }],
    ["a transaction that may put", transaction([], [putB])],
    ["one with such a one in it", transaction([transaction([putB], [])], [])],
  ] as const)("refuses %s", async (_, operation) => {
    const { machine } = await full();
    const quota = new Quota(machine, quotaBytes);
    const content = (operations: readonly Operation[]) =>
      ({
        kind: "command",
        clusterTimeMs: 0,
        command: { sessionId: 0, firstSequence: 0, acknowledgedThrough: 0, operations },
      }) as const;
    expect(quota.refusal(content([{ kind: "skip" }, operation]))?.code).toBe(ErrorCode.QUOTA_EXCEEDED);
    const ofLeases = [
      { kind: "keepLeaseAlive", leaseId: 7 },
      { kind: "revokeLease", leaseId: 7 },
    ] as const;
    expect(quota.refusal(content([transaction([deleteB], []), fenced(deleteB), ...ofLeases]))).toBeUndefined();
    expect(new Quota(machine, 0).refusal(content([operation]))).toBeUndefined();
  });
});
