import { describe, expect, test } from "vitest";
import { applyOne, type BatchInit, bytes, CommandLog, put, raiseApplyVersion } from "../../test-rig/command-log.ts";
import { GatedStore } from "../../test-rig/gated-store.ts";
import { expireLeases, grantLease, keepLeaseAlive, putLeased, revokeLease } from "../../test-rig/lease-operations.ts";
import { ManualClock } from "../../test-rig/manual-clock.ts";
import { KvStateMachine } from "../kv-state-machine.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };

/** A state machine at the apply version that has leases, over a log that the test appends to. */
class Rig {
  readonly log = new CommandLog();
  readonly store = new GatedStore();
  readonly #machine: KvStateMachine;

  private constructor(machine: KvStateMachine, store: GatedStore) {
    this.#machine = machine;
    this.store = store;
  }

  static async start(applyVersion = 3): Promise<Rig> {
    const store = new GatedStore();
    const rig = new Rig(await KvStateMachine.open({ store, clock: new ManualClock() }), store);
    await rig.apply(raiseApplyVersion(applyVersion));
    return rig;
  }

  get machine(): KvStateMachine {
    return this.#machine;
  }

  /** The answers to operations that stand in one entry, at the cluster time of the log. */
  async apply(...operations: BatchInit["operations"]): Promise<unknown> {
    const result = await applyOne(this.#machine, this.log, { operations });
    return result.kind === "answers" && result.answers.length === 1 ? result.answers[0] : result;
  }

  async keys(limit = 100_000): Promise<readonly string[]> {
    const range = { kind: "range", from: bytes(""), to: undefined, limit, keysOnly: true } as const;
    const { answers } = await this.#machine.read([range], limits);
    const [answer] = answers;
    return answer?.kind === "range" ? answer.entries.map(({ key }) => Buffer.from(key).toString("latin1")) : [];
  }
}

describe("nothing ends early", () => {
  test("not before the whole of its time has passed, though stamps are rounded down, and then with the next look", async () => {
    const rig = await Rig.start();
    rig.log.timeMs = 1_000;
    await rig.apply(grantLease(500, 7));
    await rig.apply(putLeased("a", "1", { leaseId: 7 }));
    rig.log.timeMs = 1_500;
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 0, deleted: 0, more: false });
    expect(await rig.keys()).toEqual(["a"]);
    rig.log.timeMs = 1_501;
    expect(await rig.apply(expireLeases)).toEqual({
      kind: "expireLeases",
      revision: 3,
      expired: 1,
      deleted: 1,
      more: false,
    });
    expect(await rig.keys()).toEqual([]);
  });

  test("a lease that is over is not brought back, and nothing joins it, though its keys are still there", async () => {
    const rig = await Rig.start();
    await rig.apply(grantLease(500, 7));
    await rig.apply(putLeased("a", "1", { leaseId: 7 }));
    rig.log.timeMs = 501;
    expect(await rig.apply(keepLeaseAlive(7))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(putLeased("b", "1", { leaseId: 7 }))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(grantLease(500, 7)), "it has not ended").toMatchObject({ code: "leaseExists" });
    expect(await rig.keys()).toEqual(["a"]);
  });

  test("row 32: after the revocation nothing renews a lease, and its id is free again", async () => {
    const rig = await Rig.start();
    await rig.apply(grantLease(500, 7));
    expect(await rig.apply(revokeLease(7))).toEqual({ kind: "revokeLease", revision: 1, deleted: 0 });
    expect(await rig.apply(keepLeaseAlive(7))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(revokeLease(7))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(grantLease(900, 7))).toMatchObject({ leaseId: 7 });
  });
});

describe("the keys of a lease go together", () => {
  test("at one revision, in key order", async () => {
    const rig = await Rig.start();
    await rig.apply(grantLease(500, 7));
    for (const key of ["c", "a", "b"]) await rig.apply(putLeased(key, "1", { leaseId: 7 }));
    await rig.apply(putLeased("b", "2", {}), putLeased("c", "2", { keepLease: true }));
    const { answers } = await rig.machine.read([{ kind: "history", key: bytes("c"), limit: 1 }], limits);
    expect(answers).toMatchObject([{ writes: [{ revision: 6, entry: { leaseId: 7 } }] }]);
    expect(await rig.apply(revokeLease(7)), "b has left it").toEqual({ kind: "revokeLease", revision: 7, deleted: 2 });
    expect(await rig.keys()).toEqual(["b"]);
    const reads = ["a", "c"].map((key) => ({ kind: "history", key: bytes(key), limit: 1 }) as const);
    expect((await rig.machine.read(reads, limits)).answers).toMatchObject([
      { writes: [{ revision: 7, entry: undefined }] },
      { writes: [{ revision: 7, entry: undefined }] },
    ]);
  });

  test("also those that were attached in the same batch, and none that left it there", async () => {
    const rig = await Rig.start();
    await rig.apply(grantLease(500, 7), putLeased("a", "1", { leaseId: 7 }));
    await rig.apply(putLeased("a", "2", {}), putLeased("b", "1", { leaseId: 7 }), revokeLease(7));
    expect(await rig.keys()).toEqual(["a"]);
    await rig.apply(grantLease(500, 8), putLeased("c", "1", { leaseId: 8 }), revokeLease(8));
    expect(await rig.keys()).toEqual(["a"]);
  });

  test("piece by piece where they are very many: a piece a revision, and the lease ends at once", async () => {
    const rig = await Rig.start();
    const { keysPerEntry } = LEASE_BOUNDS;
    await rig.apply(grantLease(60_000, 7));
    for (let i = 0; i < keysPerEntry + 10; i += 1_000) {
      const count = Math.min(1_000, keysPerEntry + 10 - i);
      const puts = Array.from({ length: count }, (_, k) =>
        putLeased(`k${String(i + k).padStart(6, "0")}`, "", { leaseId: 7 }),
      );
      await rig.apply(...puts);
    }
    const revision = rig.machine.revision();
    expect(await rig.apply(revokeLease(7))).toMatchObject({ revision: revision + 1, deleted: keysPerEntry });
    expect(await rig.keys(1), "the first have gone").toEqual([`k${String(keysPerEntry).padStart(6, "0")}`]);
    expect(await rig.apply(keepLeaseAlive(7))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(putLeased("z", "", { leaseId: 7 }))).toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 1, deleted: 10, more: false });
    expect(await rig.keys()).toEqual([]);
    expect(rig.machine.revision()).toBe(revision + 2);
  });

  test("piece by piece too where its time was over long before anybody looked, beside others that were over later", async () => {
    const rig = await Rig.start();
    const { keysPerEntry } = LEASE_BOUNDS;
    await rig.apply(grantLease(500, 7), grantLease(600, 8));
    for (let i = 0; i < keysPerEntry + 10; i += 1_000) {
      const count = Math.min(1_000, keysPerEntry + 10 - i);
      await rig.apply(...Array.from({ length: count }, (_, k) => putLeased(`k${i + k}`, "", { leaseId: 7 })));
    }
    rig.log.timeMs = 2_000;
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 1, deleted: keysPerEntry, more: true });
    expect(await rig.machine.firstLeaseDeadlineMs(), "it is not forgotten").toBe(501);
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 1, deleted: 10, more: false });
    expect(await rig.keys()).toEqual([]);
    expect(rig.machine.leaseCount()).toBe(0);
  });

  test("thousands of leases that are over together end some hundreds an entry, the oldest first", async () => {
    const rig = await Rig.start();
    const count = LEASE_BOUNDS.leasesPerEntry + 3;
    await rig.apply(...Array.from({ length: count }, (_, i) => putLeased(`k${i}`, "", { ttlMs: 1_000 })));
    rig.log.timeMs = 10;
    await rig.apply(grantLease(500, 7));
    rig.log.timeMs = 2_000;
    const { leasesPerEntry } = LEASE_BOUNDS;
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: leasesPerEntry, more: true });
    expect(await rig.apply(keepLeaseAlive(7)), "over first").toMatchObject({ code: "leaseNotFound" });
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 4, more: false });
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 0, more: false });
    await rig.machine.flush();
    expect(rig.store.rowKeys().filter((key) => key.startsWith("l")).length, "only their number is left").toBe(1);
  });
});

describe("a key with a time to live", () => {
  test("has a lease of its own, which the next write ends", async () => {
    const rig = await Rig.start();
    await rig.apply(putLeased("a", "1", { ttlMs: 500 }), putLeased("b", "1", { ttlMs: 500 }));
    await rig.machine.flush();
    await rig.apply(put("a", "2"));
    rig.log.timeMs = 501;
    expect(await rig.apply(expireLeases)).toMatchObject({ expired: 1, deleted: 1 });
    expect(await rig.keys()).toEqual(["a"]);
  });

  test("is not lent to others", async () => {
    const rig = await Rig.start();
    await rig.apply(putLeased("a", "1", { ttlMs: 500 }));
    expect(await rig.apply(putLeased("b", "1", { leaseId: LEASE_BOUNDS.firstOwnId }))).toMatchObject({
      code: "leaseNotFound",
    });
  });
});

describe("what makes no sense is refused, and changes nothing", () => {
  test.each([
    ["a time to live that is too short", grantLease(99), "invalidLeaseTtl"],
    ["one that is too long", putLeased("a", "", { ttlMs: LEASE_BOUNDS.maxTtlMs + 1 }), "invalidLeaseTtl"],
    ["an id that the state chooses", grantLease(500, LEASE_BOUNDS.firstChosenId), "invalidLeaseId"],
    ["two leases for a key", putLeased("a", "", { ttlMs: 500, leaseId: 7 }), "invalidPutLease"],
    ["the lease of a key that is not there", putLeased("a", "", { keepLease: true }), "keyNotFound"],
    ["a lease that is not there", putLeased("a", "", { leaseId: 7 }), "leaseNotFound"],
    ["the end of one", revokeLease(7), "leaseNotFound"],
  ])("%s", async (_, operation, code) => {
    const rig = await Rig.start();
    expect(await rig.apply(operation)).toEqual({ kind: "refused", code });
    expect(rig.machine.revision()).toBe(1);
  });

  test("ending leases, in company or in a session", async () => {
    const rig = await Rig.start();
    await rig.apply(putLeased("a", "", { ttlMs: 500 }));
    rig.log.timeMs = 501;
    await rig.apply(expireLeases, put("b", ""));
    expect(await rig.keys()).toEqual(["a", "b"]);
  });

  test("before all nodes know of leases there are none", async () => {
    const rig = await Rig.start(2);
    expect(await rig.apply(grantLease(500))).toMatchObject({ code: "invalidOperation" });
    // An earlier leader does not see what it proposes here, and earlier nodes pass over it.
    expect(await rig.apply(putLeased("a", "", { ttlMs: 500 }))).toEqual({ kind: "put", revision: 2 });
    rig.log.timeMs = 501;
    await rig.apply(expireLeases, put("b", ""));
    expect(await rig.keys()).toEqual(["a", "b"]);
  });
});
