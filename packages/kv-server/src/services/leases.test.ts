import { create } from "@bufbuild/protobuf";
import { ErrorCode, type ExchangeRequest, ExchangeRequestSchema, type ReadResult } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { encodeEnvelope } from "../codec/envelope.ts";
import { encodeBatch, type OperationInit, openSession, raiseApplyVersion } from "../test-rig/command-log.ts";
import { expireLeases, grantLease, keepLeaseAlive, putLeased, revokeLease } from "../test-rig/lease-operations.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";

async function leaseRig(applyVersion = 3): Promise<ServiceRig> {
  const rig = await serviceRig();
  await rig.consensus.propose(encodeEnvelope(0, encodeBatch({ operations: [raiseApplyVersion(applyVersion)] })));
  return rig;
}

let requestId = 0n;

/** One request on a stream of its own, and its answer. */
async function exchange({ kv }: ServiceRig, request: ExchangeRequest["request"]) {
  async function* requests() {
    yield create(ExchangeRequestSchema, { requestId: ++requestId, request });
    // The stream is left open until the answer is there.
    await new Promise(() => {});
  }
  const ended = new AbortController();
  for await (const { response, requestId: answered } of kv.exchange(requests(), { signal: ended.signal })) {
    if (answered !== requestId) continue;
    ended.abort();
    return response;
  }
  throw new Error("the stream ended without an answer");
}

async function command(rig: ServiceRig, ...operations: readonly OperationInit[]) {
  const response = await exchange(rig, { case: "commandBatch", value: encodeBatch({ operations }) });
  return response.case === "results" ? response.value.results[0]?.result : response;
}

async function read(rig: ServiceRig, operation: unknown): Promise<ReadResult["result"] | undefined> {
  const { ReadBatchSchema } = await import("@raftkv/proto/kv");
  const value = create(ReadBatchSchema, { operations: [operation as never] });
  const response = await exchange(rig, { case: "reads", value });
  return response.case === "reads" ? response.value.results[0]?.result : undefined;
}

const lease = (leaseId: bigint, withKeys = false) => ({ operation: { case: "lease", value: { leaseId, withKeys } } });
const leases = (fromLeaseId = 0n, limit = 0) => ({ operation: { case: "leases", value: { fromLeaseId, limit } } });

describe("leases on the wire", () => {
  test("are granted, kept alive and revoked, with their keys", async () => {
    const rig = await leaseRig();
    expect(await command(rig, grantLease(5_000))).toMatchObject({
      case: "grantLease",
      value: { leaseId: 1_000_000_000_000_000n, ttlMs: 5_000n },
    });
    const id = 1_000_000_000_000_000;
    await command(rig, putLeased("a", "1", { leaseId: id }));
    expect(await rig.kv.get({ keyForm: { case: "keyText", value: "a" } })).toMatchObject({
      entry: { leaseId: BigInt(id) },
    });
    rig.clock.advance(1_000);
    expect(await command(rig, keepLeaseAlive(id))).toMatchObject({ case: "keepLeaseAlive", value: { ttlMs: 5_000n } });
    expect(await command(rig, revokeLease(id))).toMatchObject({
      case: "revokeLease",
      value: { revision: 3n, deleted: 1n },
    });
    expect(await command(rig, keepLeaseAlive(id))).toMatchObject({
      case: "error",
      value: { code: ErrorCode.LEASE_NOT_FOUND, outcomeUnknown: false },
    });
  });

  test("tell how much longer they live, also while nothing else is written", async () => {
    const rig = await leaseRig();
    await command(rig, grantLease(5_000, 7));
    await command(rig, putLeased("b", "1", { leaseId: 7 }), putLeased("a", "1", { leaseId: 7 }));
    rig.clock.advance(2_000);
    for (let turn = 0; turn < 20; turn++) await promisesSettle();
    expect(await read(rig, lease(7n, true))).toMatchObject({
      case: "lease",
      value: { found: true, ttlMs: 5_000n, leftMs: 3_000n, keyCount: 2n, keys: [Uint8Array.of(97), Uint8Array.of(98)] },
    });
    expect(await read(rig, lease(8n))).toMatchObject({ value: { found: false, leftMs: 0n, keys: [] } });
  });

  test("are listed in pages, without those that keys have of their own", async () => {
    const rig = await leaseRig();
    for (const id of [9, 7, 8]) await command(rig, grantLease(5_000, id));
    await command(rig, putLeased("a", "1", { ttlMs: 5_000 }), putLeased("b", "1", { leaseId: 8 }));
    await rig.machine.flush();
    await command(rig, grantLease(5_000, 3));
    await command(rig, revokeLease(9));
    const first = await read(rig, leases(0n, 2));
    expect(first).toMatchObject({ value: { leases: [{ leaseId: 3n }, { leaseId: 7n }], next: 8n } });
    expect(await read(rig, leases(8n))).toMatchObject({ value: { leases: [{ leaseId: 8n, keyCount: 1n }], next: 0n } });
    expect(rig.machine.leaseCount()).toBe(3);
  });

  test("that keys have of their own tell the same", async () => {
    const rig = await leaseRig();
    await rig.kv.put({
      keyForm: { case: "keyText", value: "a" },
      valueForm: { case: "valueText", value: "1" },
      ttlMs: 500n,
    });
    const { entry } = await rig.kv.get({ keyForm: { case: "keyText", value: "a" } });
    expect(await read(rig, lease(entry?.leaseId ?? 0n, true))).toMatchObject({
      value: { found: true, ttlMs: 500n, leftMs: 500n, keyCount: 1n, keys: [Uint8Array.of(97)] },
    });
  });
});

describe("what is wrong with an operation about leases is said before it is proposed", () => {
  test.each([
    ["the end of leases that are over, which is the leader's", expireLeases, ErrorCode.INVALID_REQUEST],
    ["no lease", revokeLease(0), ErrorCode.INVALID_REQUEST],
    ["two leases for a key", putLeased("a", "", { leaseId: 7, ttlMs: 500 }), ErrorCode.INVALID_REQUEST],
  ])("%s", async (_, operation, code) => {
    const rig = await leaseRig();
    const { length } = rig.consensus.proposed;
    expect(await command(rig, operation)).toMatchObject({ case: "error", value: { code } });
    expect(rig.consensus.proposed).toHaveLength(length);
  });

  test("that not every member knows of leases yet", async () => {
    const rig = await leaseRig(2);
    const { length } = rig.consensus.proposed;
    for (const operation of [grantLease(500), keepLeaseAlive(7), putLeased("a", "", { ttlMs: 500 })]) {
      const answer = await command(rig, operation);
      expect(answer).toMatchObject({ case: "error", value: { code: ErrorCode.CLUSTER_TOO_OLD } });
    }
    expect(rig.consensus.proposed).toHaveLength(length);
  });

  test("of a unary put as well, which may name a lease that is not there", async () => {
    const rig = await leaseRig();
    const put = rig.kv.put({
      keyForm: { case: "keyText", value: "a" },
      valueForm: { case: "valueText", value: "1" },
      leaseId: 7n,
    });
    expect((await failureOfCall(put)).detail.code).toBe(ErrorCode.LEASE_NOT_FOUND);
  });
});

test("a session keeps its answers about leases, through a merge and a restart", async () => {
  const rig = await leaseRig();
  const opened = await command(rig, openSession(60_000));
  const session = Number(opened?.case === "openSession" ? opened.value.sessionId : 0n);
  const operations = [grantLease(5_000), grantLease(50), keepLeaseAlive(10 ** 15), revokeLease(10 ** 15)];
  const batch = encodeBatch({ session, first: 1, operations });
  const first = await exchange(rig, { case: "commandBatch", value: batch });
  await rig.machine.flush();
  const snapshot = await rig.machine.snapshot();
  const other = await leaseRig();
  const { sourceOf } = await import("../test-rig/snapshot-source.ts");
  await other.machine.restore(sourceOf(snapshot.index, snapshot.read()));
  const { KvStateMachine } = await import("../state/kv-state-machine.ts");
  const restarted = await KvStateMachine.open({ store: other.store.copy(), clock: rig.clock });
  const index = restarted.appliedIndex() + 1;
  const payload = encodeEnvelope(0, batch);
  const [again] = await restarted.apply([{ kind: "command", term: 1, index, payload }]);
  expect(again).toMatchObject({
    answers: [
      { kind: "grantLease", leaseId: 10 ** 15, ttlMs: 5_000 },
      { code: "invalidLeaseTtl" },
      { kind: "keepLeaseAlive", ttlMs: 5_000 },
      { kind: "revokeLease", deleted: 0 },
    ],
  });
  expect(first).toMatchObject({ case: "results" });
});

describe("leases over plain HTTP", () => {
  test("are granted, kept alive, told of, listed and revoked", async () => {
    const { kv, clock } = await leaseRig();
    const { leaseId, ttlMs } = await kv.grantLease({ ttlMs: 5_000n });
    expect([leaseId, ttlMs]).toEqual([1_000_000_000_000_000n, 5_000n]);
    await kv.grantLease({ ttlMs: 60_000n, leaseId: 7n });
    for (const key of ["a", "b"]) {
      const keyForm = { case: "keyText", value: key } as const;
      await kv.put({ keyForm, valueForm: { case: "valueText", value: "1" }, leaseId: 7n });
    }
    clock.advance(2_000);
    expect(await kv.getLease({ leaseId })).toMatchObject({ lease: { found: true, leftMs: 3_000n, keyCount: 0n } });
    expect((await kv.keepLeaseAlive({ leaseId })).ttlMs).toBe(5_000n);
    expect((await kv.getLease({ leaseId })).lease?.leftMs).toBe(5_000n);
    const told = await kv.getLease({ leaseId: 7n, withKeys: true });
    expect(told.lease?.keys.map((key) => Buffer.from(key).toString())).toEqual(["a", "b"]);
    const page = await kv.listLeases({ limit: 1 });
    expect([page.leases.map((one) => one.leaseId), page.next > 7n]).toEqual([[7n], true]);
    const rest = await kv.listLeases({ fromLeaseId: page.next });
    expect([rest.leases.map((one) => one.leaseId), rest.next]).toEqual([[leaseId], 0n]);
    expect(await kv.revokeLease({ leaseId: 7n })).toMatchObject({ revision: 4n, deleted: 2n });
    expect((await kv.getLease({ leaseId: 7n })).lease).toMatchObject({ found: false });
  });

  test("are refused as on a stream", async () => {
    const { kv } = await leaseRig();
    const codes: ErrorCode[] = [];
    for (const call of [
      kv.grantLease({ ttlMs: 5n }),
      kv.grantLease({ ttlMs: 500n, leaseId: 2n ** 60n }),
      kv.keepLeaseAlive({}),
      kv.keepLeaseAlive({ leaseId: 9n }),
      kv.revokeLease({ leaseId: 9n }),
      kv.getLease({}),
    ]) {
      codes.push((await failureOfCall(call)).detail.code);
    }
    const { INVALID_REQUEST: invalid, LEASE_NOT_FOUND: notFound } = ErrorCode;
    expect(codes).toEqual([invalid, invalid, invalid, notFound, notFound, invalid]);
    await kv.grantLease({ ttlMs: 500n, leaseId: 7n });
    expect((await failureOfCall(kv.grantLease({ ttlMs: 500n, leaseId: 7n }))).detail.code).toBe(ErrorCode.LEASE_EXISTS);
    const old = await leaseRig(2);
    expect((await failureOfCall(old.kv.grantLease({ ttlMs: 500n }))).detail.code).toBe(ErrorCode.CLUSTER_TOO_OLD);
  });
});
