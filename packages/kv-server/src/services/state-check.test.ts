import { CheckStage } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, describe, expect, test } from "vitest";
import { encodeEnvelope } from "../codec/envelope.ts";
import { checkState, encodeBatch, openSession, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";

const DAY_MS = 24 * 60 * 60_000;
let rig: ServiceRig | undefined;

afterEach(() => rig?.services.close());

async function upgraded(options: Parameters<typeof serviceRig>[0] = {}): Promise<ServiceRig> {
  rig = await serviceRig(options);
  const batch = encodeBatch({ operations: [raiseApplyVersion(3)] });
  await rig.consensus.propose(encodeEnvelope(0, batch));
  return rig;
}

async function resultOf({ cluster }: ServiceRig, index: bigint) {
  for (let turns = 0; turns < 100; turns++) {
    const result = await cluster.checkResult({ index });
    if (result.stage !== CheckStage.RUNNING) return result;
    await promisesSettle();
  }
  throw new Error("the check does not end");
}

describe("a check of the whole state", () => {
  test("begins with an entry, and each node tells what it has come to", async () => {
    const { cluster, consensus, machine } = await upgraded();
    await consensus.propose(encodeEnvelope(0, encodeBatch({ operations: [put("a", "1"), put("b", "2")] })));
    const { index } = await cluster.beginCheck({});
    expect(Number(index)).toBe(machine.appliedIndex());
    const result = await resultOf(rig ?? (await upgraded()), index);
    expect(result).toMatchObject({ nodeId: 1n, stage: CheckStage.DONE, appliedIndex: index });
    expect(result.checked).toMatchObject({ index, revision: 3n, keys: 2n });
    expect(result.checked?.fingerprint).toHaveLength(32);
    expect(result.checked?.parts.map(({ name, rows }) => [name, rows])).toEqual([
      ["history", 0n],
      ["keys", 2n],
      ["leases", 0n],
      ["meta", 1n],
      ["writes", 2n],
      ["sessions", 0n],
    ]);
    expect(await cluster.checkResult({ index: index + 1n })).toMatchObject({ stage: CheckStage.WAITING });
    expect(await cluster.checkResult({ index: 1n })).toMatchObject({ stage: CheckStage.MISSED });
  });

  test("is joined while it is under way", async () => {
    const { cluster, store } = await upgraded();
    store.hold("write");
    const first = await cluster.beginCheck({});
    expect(await cluster.beginCheck({})).toEqual(first);
    store.release("write");
  });

  test("is refused by who does not lead, and before every member knows of it", async () => {
    rig = await serviceRig();
    expect((await failureOfCall(rig.cluster.beginCheck({}))).detail.code).toBe(ErrorCode.CLUSTER_TOO_OLD);
    rig.consensus.become("follower", 2);
    expect((await failureOfCall(rig.cluster.beginCheck({}))).detail.code).toBe(ErrorCode.NOT_LEADER);
  });

  test.each([
    ["by itself", { operations: [checkState] }],
    ["in a batch", { operations: [openSession(1_000), checkState] }],
  ])("cannot be asked for like a write: %s", async (_, batch) => {
    const { machine, kv } = await upgraded();
    const before = machine.appliedIndex();
    const requests = async function* () {
      yield { requestId: 1n, request: { case: "commandBatch", value: encodeBatch(batch) } } as const;
      await new Promise(() => {});
    };
    const ended = new AbortController();
    for await (const { response, requestId } of kv.exchange(requests(), { signal: ended.signal })) {
      if (requestId !== 1n) continue;
      expect(response).toMatchObject({
        case: "error",
        value: { code: ErrorCode.INVALID_REQUEST, message: expect.stringContaining("BeginCheck") },
      });
      ended.abort();
      break;
    }
    expect(machine.appliedIndex()).toBe(before);
  });
});

describe("the leader", () => {
  test("has the whole state checked once a day, whoever asked for the last check", async () => {
    const { clock, machine, cluster } = await upgraded();
    const begun = () => machine.checks.lastBegunMs;
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 60_000) {
        clock.advance(Math.min(60_000, left));
        for (let turns = 0; turns < 3; turns++) await promisesSettle();
      }
    };
    const start = begun();
    await pass(DAY_MS - 120_000);
    expect(begun()).toBe(start);
    await cluster.beginCheck({});
    const asked = begun();
    expect(asked).toBeGreaterThan(start);
    await pass(DAY_MS - 120_000);
    expect(begun()).toBe(asked);
    await pass(240_000);
    expect(begun()).toBeGreaterThanOrEqual(asked + DAY_MS);
  });

  test("does not where that is switched off", async () => {
    const { clock, machine } = await upgraded({ checkIntervalMs: 0 });
    const begun = machine.checks.lastBegunMs;
    for (let hours = 0; hours < 50; hours++) {
      clock.advance(60 * 60_000);
      await promisesSettle();
    }
    expect(machine.checks.lastBegunMs).toBe(begun);
  });
});
