import assert from "node:assert/strict";
import { rejectsWithCode } from "../expectations.ts";
import { jointMembership, membershipOf } from "../sample-log.ts";
import type { StorageTests } from "./suite.ts";

const emptyMembership = { voters: [], outgoingVoters: [], learners: [], members: [] };

export function identityTests(tests: StorageTests): void {
  tests.describe("identity and forming", () => {
    tests.withStorage("a fresh storage has a member id, incarnation 1 and no cluster", async (storage) => {
      const identity = storage.identity();
      assert.ok(Number.isSafeInteger(identity.nodeId) && identity.nodeId > 0, `nodeId is ${identity.nodeId}`);
      assert.ok(identity.memberId.length > 0, "memberId is empty");
      assert.equal(identity.incarnation, 1);
      assert.equal(identity.clusterId, undefined);
    });

    tests.withStorage("a fresh storage loads as an empty log above index 0", async (storage) => {
      assert.deepEqual(await storage.load(), {
        hardState: { term: 0, votedFor: undefined, commit: 0 },
        base: { index: 0, term: 0, membership: emptyMembership },
        lastIndex: 0,
        termRuns: [],
        memberships: [],
      });
    });

    tests.withStorage("forming records the cluster, and the bootstrap membership as the base", async (storage) => {
      await storage.form("cluster-a", jointMembership());
      assert.equal(storage.identity().clusterId, "cluster-a");
      assert.deepEqual((await storage.load()).base, { index: 0, term: 0, membership: jointMembership() });
    });

    tests.withStorage(
      "a second forming is refused, changes nothing, and leaves the storage usable",
      async (storage) => {
        await storage.form("cluster-a", membershipOf(1, 2, 3));
        await rejectsWithCode(storage.form("cluster-b", membershipOf(1)), "wrongOwner", "forming twice");
        assert.equal(storage.identity().clusterId, "cluster-a");
        assert.deepEqual((await storage.load()).base.membership, membershipOf(1, 2, 3));
        await storage.write({ id: 1, hardState: { term: 1, votedFor: 1, commit: 0 }, append: [] });
      },
    );

    tests.withStorage("forming keeps the cluster's election timeout, if it is said", async (storage) => {
      await storage.form("cluster-a", membershipOf(1), { minMs: 1_000, maxMs: 2_500 });
      assert.deepEqual(storage.identity().electionTimeout, { minMs: 1_000, maxMs: 2_500 });
    });

    if (!tests.durable) return;
    tests.withRestart("a restart keeps the cluster's election timeout", async (session) => {
      await session.storage().form("cluster-a", membershipOf(1), { minMs: 1_000, maxMs: 2_500 });
      const { electionTimeout } = (await session.restart()).identity();
      assert.deepEqual(electionTimeout, { minMs: 1_000, maxMs: 2_500 });
    });
    tests.withRestart("a restart keeps node, member and cluster, and counts the incarnation up", async (session) => {
      const first = session.storage().identity();
      await session.storage().form("cluster-a", membershipOf(1, 2, 3));
      const second = (await session.restart()).identity();
      assert.deepEqual(second, { ...first, clusterId: "cluster-a", incarnation: 2 });
      const third = (await session.restart()).identity();
      assert.equal(third.incarnation, 3);
      assert.deepEqual((await session.storage().load()).base.membership, membershipOf(1, 2, 3));
    });
  });
}
