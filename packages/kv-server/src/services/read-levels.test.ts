import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Consistency, ErrorCode, ReadBatchSchema } from "@raftkv/proto/kv";
import { RaftError } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";

const keyForm = { case: "keyText", value: "a" } as const;

/** Until the request has gone as far as it goes by itself. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await promisesSettle();
}

async function put(rig: ServiceRig, value: string): Promise<number> {
  const { revision } = await rig.kv.put({ keyForm, valueForm: { case: "valueText", value } });
  return Number(revision);
}

describe("a read by lease", () => {
  const consistency = Consistency.LEASE;

  it("is served without a read index while the lease holds", async () => {
    const rig = await serviceRig();
    rig.consensus.leases = { holds: () => true };
    await put(rig, "x");
    const { entry } = await rig.kv.get({ keyForm, consistency });
    expect(entry?.valueText).toBe("x");
    await rig.kv.range({ prefixText: "a", consistency });
    expect(rig.consensus).toMatchObject({ leaseReads: 2, readIndexes: 0 });
  });

  it("takes a read index where there is no lease", async () => {
    const rig = await serviceRig();
    rig.consensus.leases = { holds: () => false };
    await put(rig, "x");
    expect((await rig.kv.get({ keyForm, consistency })).entry?.valueText).toBe("x");
    expect(rig.consensus).toMatchObject({ leaseReads: 0, readIndexes: 1 });
  });

  it("is made again by read index where the lease ended while the state was read", async () => {
    const rig = await serviceRig();
    let checks = 0;
    rig.consensus.leases = { holds: () => ++checks === 1 };
    await put(rig, "x");
    expect((await rig.kv.get({ keyForm, consistency })).entry?.valueText).toBe("x");
    expect(rig.consensus).toMatchObject({ leaseReads: 1, readIndexes: 1 });
  });

  it("says once a stream who leads, where that is another node, and is answered all the same", async () => {
    const rig = await serviceRig();
    rig.consensus.leases = { holds: () => false };
    rig.consensus.become("follower", 2);
    const call = new ExchangeCall(rig);
    const operations = [{ operation: { case: "get" as const, value: { key: new TextEncoder().encode("a") } } }];
    const batch = create(ReadBatchSchema, { consistency, operations });
    const ids = [call.reads(batch), call.reads(batch)];
    await call.received(3);
    expect(ids.map((id) => call.answer(id)?.case)).toEqual(["reads", "reads"]);
    expect(call.answer(0n)).toMatchObject({ case: "leaderChange", value: { leader: { nodeId: 2n } } });
    call.finish();
    await call.ended;
    expect(call.answers.length).toBe(3);
  });

  it("is refused where leases are not set up, with the way to do so", async () => {
    const rig = await serviceRig();
    const { error, detail } = await failureOfCall(rig.kv.get({ keyForm, consistency }));
    expect(detail.code).toBe(ErrorCode.LEASES_DISABLED);
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(detail.message).toContain("lease_reads.max_clock_drift");
  });
});

describe("a read that may be so stale", () => {
  it("is served at once while the node knows its state to be that fresh", async () => {
    const rig = await serviceRig();
    rig.consensus.staleness = 100;
    await rig.kv.get({ keyForm, maxStalenessMs: 100n });
    expect(rig.consensus.readIndexes).toBe(0);
    await rig.kv.get({ keyForm, maxStalenessMs: 99n });
    expect(rig.consensus.readIndexes).toBe(1);
    await rig.kv.get({ keyForm, consistency: Consistency.SERIALIZABLE, maxStalenessMs: 0n });
    expect(rig.consensus.readIndexes).toBe(2);
  });

  it("fails where nobody leads and the state is not known to be that fresh", async () => {
    const rig = await serviceRig();
    rig.consensus.readIndexError = new RaftError("notLeader", "nobody leads");
    const { detail } = await failureOfCall(rig.kv.get({ keyForm, maxStalenessMs: 99n }));
    expect(detail.code).toBe(ErrorCode.NO_LEADER);
    rig.consensus.staleness = 50;
    await rig.kv.get({ keyForm, maxStalenessMs: 99n });
  });

  it.each([Consistency.LINEARIZABLE, Consistency.LEASE])("contradicts consistency %d", async (consistency) => {
    const rig = await serviceRig();
    rig.consensus.leases = { holds: () => true };
    const { detail } = await failureOfCall(rig.kv.get({ keyForm, consistency, maxStalenessMs: 5n }));
    expect(detail.code).toBe(ErrorCode.INVALID_REQUEST);
    expect(detail.message).toContain("max_staleness_ms");
  });
});

describe("a read at a revision or later", () => {
  it("asks nobody where the state is there already", async () => {
    const rig = await serviceRig();
    const revision = await put(rig, "x");
    expect((await rig.kv.get({ keyForm, minRevision: BigInt(revision) })).entry?.valueText).toBe("x");
    expect(rig.consensus.readIndexes).toBe(0);
  });

  it("waits for it, and asks what is committed meanwhile", async () => {
    const rig = await serviceRig();
    const revision = await put(rig, "x");
    let answered = false;
    const read = rig.kv.get({ keyForm, minRevision: BigInt(revision + 2) }).finally(() => {
      answered = true;
    });
    await settle();
    expect(rig.consensus.readIndexes).toBe(1);
    await put(rig, "y");
    await settle();
    expect(answered).toBe(false);
    await put(rig, "z");
    expect((await read).entry?.valueText).toBe("z");
  });

  it("that the cluster has not come to says so, and not that the node is behind", async () => {
    const rig = await serviceRig();
    const revision = await put(rig, "x");
    const read = failureOfCall(rig.kv.get({ keyForm, minRevision: 1_000n }));
    await settle();
    rig.clock.advance(1_000);
    const { error, detail } = await read;
    expect(detail.code).toBe(ErrorCode.FUTURE_REVISION);
    expect(error.code).toBe(Code.OutOfRange);
    expect(detail.message).toContain(`the cluster is at ${revision}`);
  });

  it("sends clients elsewhere where nobody can say whether it exists", async () => {
    const rig = await serviceRig();
    rig.consensus.readIndexError = new RaftError("notLeader", "nobody leads");
    const { detail } = await failureOfCall(rig.kv.get({ keyForm, minRevision: 1_000n }));
    expect(detail.code).toBe(ErrorCode.NO_LEADER);
  });

  it("that waits for a leader's answer in vain says that, after a while", async () => {
    const rig = await serviceRig();
    rig.consensus.holdingReads = true;
    const read = failureOfCall(rig.kv.get({ keyForm, minRevision: 1_000n }));
    await settle();
    rig.clock.advance(1_000);
    expect((await read).detail.code).toBe(ErrorCode.NO_LEADER);
  });

  it("waits in bounded numbers, and an abandoned one makes room", async () => {
    const rig = await serviceRig({ limits: { maxRevisionWaits: 1 } });
    const abort = new AbortController();
    await settle();
    const { pendingTimers } = rig.clock;
    const first = rig.kv.get({ keyForm, minRevision: 9n }, { signal: abort.signal }).catch(() => undefined);
    await settle();
    const { detail } = await failureOfCall(rig.kv.get({ keyForm, minRevision: 9n }));
    expect(detail.code).toBe(ErrorCode.RESOURCE_EXHAUSTED);
    abort.abort();
    await first;
    await settle();
    expect(rig.clock.pendingTimers).toBe(pendingTimers);
    const next = failureOfCall(rig.kv.get({ keyForm, minRevision: 9n }));
    await settle();
    rig.clock.advance(1_000);
    expect((await next).detail.code).toBe(ErrorCode.FUTURE_REVISION);
  });

  it("can be linearizable besides, and read by lease", async () => {
    const rig = await serviceRig();
    rig.consensus.leases = { holds: () => true };
    const minRevision = BigInt(await put(rig, "x"));
    await rig.kv.get({ keyForm, minRevision, consistency: Consistency.LINEARIZABLE });
    expect(rig.consensus.readIndexes).toBe(1);
    await rig.kv.get({ keyForm, minRevision, consistency: Consistency.LEASE });
    expect(rig.consensus).toMatchObject({ leaseReads: 1, readIndexes: 1 });
  });

  it("is refused where it is no revision", async () => {
    const rig = await serviceRig();
    const { detail } = await failureOfCall(rig.kv.get({ keyForm, minRevision: 2n ** 63n }));
    expect(detail.code).toBe(ErrorCode.INVALID_REQUEST);
  });
});
