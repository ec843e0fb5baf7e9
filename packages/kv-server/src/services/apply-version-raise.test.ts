import { ErrorCode } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { CommandLog, raiseApplyVersion } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";

/** What each of nodes 2 and 3 answers: the latest apply version that it knows; undefined: nothing. */
type Known = Record<number, number | undefined>;

function rigOf(known: Known): Promise<ServiceRig> {
  return serviceRig({
    inspect: async (address) => {
      const nodeId = Number(address.at(-1));
      const maxApplyVersion = known[nodeId];
      if (maxApplyVersion === undefined) throw new Error("connect ECONNREFUSED");
      const clusterId = nodeId > 3 ? undefined : "cluster";
      return { nodeId, memberId: `member-${nodeId}`, clusterId, maxApplyVersion };
    },
  });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await promisesSettle();
}

async function versionAfter(rig: ServiceRig, elapsedMs: number): Promise<number> {
  await settle();
  rig.clock.advance(elapsedMs);
  await settle();
  return rig.machine.applyVersion();
}

describe("the apply version is raised by the leader", () => {
  test("as soon as it leads, if every member knows the new one", async () => {
    expect(await versionAfter(await rigOf({ 2: 2, 3: 7 }), 0)).toBe(2);
  });

  test("later, once the last member is upgraded and up", async () => {
    const known: Known = { 2: 2, 3: 1 };
    const rig = await rigOf(known);
    expect(await versionAfter(rig, 60_000)).toBe(1);
    known[3] = undefined;
    expect(await versionAfter(rig, 60_000)).toBe(1);
    known[3] = 2;
    expect(await versionAfter(rig, 4_000)).toBe(1);
    expect(await versionAfter(rig, 2_000)).toBe(2);
    expect(rig.consensus.proposed.length).toBe(1);
  });

  test("to what all of them know, and later to what all of them have come to know", async () => {
    const known: Known = { 2: 3, 3: 2 };
    const rig = await rigOf(known);
    expect(await versionAfter(rig, 0)).toBe(2);
    known[3] = 3;
    expect(await versionAfter(rig, 6_000)).toBe(3);
  });

  test("not for a node with another data directory than the member has", async () => {
    const rig = await rigOf({ 2: 2, 3: 2 });
    rig.consensus.become("follower", 2);
    rig.consensus.membersAre([
      { id: 1, address: "127.0.0.1:50051", memberId: "member-1" },
      { id: 2, address: "127.0.0.1:50052", memberId: "another" },
    ]);
    rig.consensus.become("leader", 1);
    expect(await versionAfter(rig, 60_000)).toBe(1);
  });

  test("not by a node that has lost leadership, or if the membership has changed, while it asked", async () => {
    for (const meanwhile of [
      (rig: ServiceRig) => rig.consensus.become("follower", 2),
      (rig: ServiceRig) => rig.consensus.membersAre([{ id: 1, address: "127.0.0.1:50051", memberId: "member-1" }]),
    ]) {
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      const rig = await serviceRig({
        inspect: async (address) => {
          asked.resolve();
          await answer.promise;
          const nodeId = Number(address.at(-1));
          return { nodeId, memberId: `member-${nodeId}`, clusterId: "cluster", maxApplyVersion: 2 };
        },
      });
      await asked.promise;
      meanwhile(rig);
      answer.resolve();
      await settle();
      expect(rig.consensus.proposed.length).toBe(0);
    }
  });
});

test("nor is it raised while a node joins that the membership does not show yet", async () => {
  const known: Known = { 2: 2, 3: 1, 4: 1 };
  const rig = await rigOf(known);
  expect(await versionAfter(rig, 0)).toBe(1);
  rig.consensus.holding = true;
  const giveUp = new AbortController();
  const step = { case: "addLearner", value: { address: "127.0.0.1:50054" } } as const;
  const joining = rig.cluster.changeMembership({ steps: [{ step }] }, { signal: giveUp.signal }).catch(() => undefined);
  await settle();
  expect(rig.consensus.changes.length).toBe(1);
  known[3] = 2;
  await versionAfter(rig, 5_000);
  expect(rig.consensus.proposed.length).toBe(0);
  giveUp.abort();
  await joining;
  rig.consensus.holding = false;
  expect(await versionAfter(rig, 5_000)).toBe(2);
});

test("clients cannot raise it", async () => {
  const rig = await serviceRig();
  const stream = new ExchangeCall(rig);
  stream.commands({ operations: [raiseApplyVersion(2)] });
  await stream.received(1);
  expect(stream.answer(1n)).toMatchObject({ case: "error", value: { code: ErrorCode.INVALID_REQUEST } });
  expect(rig.consensus.proposed.length).toBe(0);
});

test("a node that does not know it cannot join any more", async () => {
  const known: Known = { 2: 2, 3: 2, 4: 1 };
  const rig = await rigOf(known);
  expect(await versionAfter(rig, 0)).toBe(2);
  const join = () =>
    rig.cluster.changeMembership({ steps: [{ step: { case: "addLearner", value: { address: "127.0.0.1:50054" } } }] });
  const { error, detail } = await failureOfCall(join());
  expect(detail.code).toBe(ErrorCode.PEER_NOT_JOINABLE);
  expect(error.message).toContain("start it with the version that the others run");
  expect(rig.consensus.changes.length).toBe(0);
  known[4] = 2;
  await join();
  expect(rig.consensus.changes.length).toBe(1);
});

test("nor one that does not know what a former leader has raised, though it is not applied here yet", async () => {
  const rig = await rigOf({ 2: 2, 3: 1, 4: 1 });
  expect(await versionAfter(rig, 0)).toBe(1);
  const { consensus } = rig;
  const raise = new CommandLog().append({ operations: [raiseApplyVersion(2)] });
  if (raise.kind !== "command") throw new Error("a raise is a command");
  consensus.holding = true;
  void consensus.propose(raise.payload);
  consensus.holding = false;
  const readIndex = consensus.readIndex.bind(consensus);
  consensus.readIndex = (signal) => {
    consensus.commit();
    return readIndex(signal);
  };
  const step = { case: "addLearner", value: { address: "127.0.0.1:50054" } } as const;
  const { detail } = await failureOfCall(rig.cluster.changeMembership({ steps: [{ step }] }));
  expect({ code: detail.code, changes: consensus.changes.length }).toEqual({
    code: ErrorCode.PEER_NOT_JOINABLE,
    changes: 0,
  });
});
