import type { Entry } from "@raftkv/raft-core";
import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, test, vi } from "vitest";
import {
  type BatchInit,
  CommandLog,
  compact,
  del,
  type OperationInit,
  openSession,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { expireLeases, grantLease, keepLeaseAlive, putLeased, revokeLease } from "../test-rig/lease-operations.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { plain } from "../test-rig/plain.ts";
import { randomLaterOperation } from "../test-rig/random-transaction.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

// Thousands of steps take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

// Bounds that a few random commands come to, where the true ones take thousands.
vi.mock("./leases/lease-bounds.ts", async (original) => {
  const { LEASE_BOUNDS } = await original<typeof import("./leases/lease-bounds.ts")>();
  return { LEASE_BOUNDS: { ...LEASE_BOUNDS, maxLeases: 3, leasesPerEntry: 3, keysTogether: 2, keysPerEntry: 2 } };
});
vi.mock("./operation-bounds.ts", async (original) => {
  const { OPERATION_BOUNDS } = await original<typeof import("./operation-bounds.ts")>();
  return { OPERATION_BOUNDS: { ...OPERATION_BOUNDS, maxKeys: 12, maxValueBytes: 30, maxAnswerBytes: 400 } };
});
vi.mock("./session-bounds.ts", async (original) => {
  const { SESSION_BOUNDS } = await original<typeof import("./session-bounds.ts")>();
  const few = { maxSessions: 4, maxAnswersPerSession: 6, maxAnswers: 16 };
  return { SESSION_BOUNDS: { ...SESSION_BOUNDS, ...few, maxAnswerBytesPerSession: 500, maxAnswerBytes: 900 } };
});

type Random = ReturnType<typeof seededRandom>;

describe("replicas draw the same line at every bound, whenever they merge, crash and take snapshots", () => {
  for (let seed = 1; seed <= 6; seed++) test(`seed ${seed}`, () => runSeed(seed));
});

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const log = new CommandLog();
  const expected: unknown[] = [];
  const steady = await open(new GatedStore());
  let shaken = await open(new GatedStore());
  const follow = async () => {
    expected.push(...(await steady.machine.apply(log.after(steady.machine))).map(plain));
    const from = shaken.machine.appliedIndex();
    const results = await shaken.machine.apply(log.after(shaken.machine));
    expect(results.map(plain), `from ${from}`).toEqual(expected.slice(from));
  };
  log.append({ operations: [raiseApplyVersion(3)] });
  for (let step = 0; step < 100; step++) {
    for (let i = integerBetween(random, 1, 4); i > 0; i--) appendRandom(log, steady.machine, random);
    await follow();
    shaken = await shake(shaken, steady, random);
    if (step % 10 === 0) await compareFingerprints(steady, shaken);
  }
  log.timeMs += 100_000;
  for (let i = 0; i < 30; i++) log.append({ operations: [expireLeases] });
  await follow();
  await compareFingerprints(steady, shaken);
  expect(await shaken.machine.firstLeaseDeadlineMs(), "all leases have ended").toBeUndefined();
  expect(steady.store.rowKeys().filter((key) => key.startsWith("l")).length, "only their number is left").toBe(1);
}

interface Replica {
  readonly machine: KvStateMachine;
  readonly store: GatedStore;
  readonly clock: ManualClock;
}

async function open(store: GatedStore): Promise<Replica> {
  const clock = new ManualClock();
  return { machine: await KvStateMachine.open({ store, clock }), store, clock };
}

/** Merges that end, merges that hang for a while, crashes, and snapshots of the other replica. */
async function shake(replica: Replica, other: Replica, random: Random): Promise<Replica> {
  const { machine, store, clock } = replica;
  const choice = random.next();
  if (choice < 0.3) store.hold("write");
  else store.release("write");
  if (choice > 0.8) await machine.flush();
  if (choice > 0.9) return open(store.copy());
  if (choice > 0.4 && choice < 0.45) {
    const snapshot = await other.machine.snapshot();
    await machine.restore(sourceOf(snapshot.index, snapshot.read()));
    await snapshot.close();
  }
  clock.advance(integerBetween(random, 0, 400));
  await promisesSettle();
  return replica;
}

async function compareFingerprints(a: Replica, b: Replica): Promise<void> {
  b.store.release("write");
  expect(await b.machine.fingerprint()).toEqual(await a.machine.fingerprint());
  expect(b.store.rowKeys()).toEqual(a.store.rowKeys());
}

function appendRandom(log: CommandLog, machine: KvStateMachine, random: Random): Entry {
  log.timeMs += integerBetween(random, 0, 200);
  const choice = random.next();
  if (choice < 0.2) return log.append({ operations: [expireLeases] });
  if (choice < 0.24) return log.append({ operations: [openSession(integerBetween(random, 1_000, 5_000))] });
  const operations = randomOperations(machine.revision(), random);
  // Any entry may have opened a session, and many sequences are guessed: some are right.
  const session: Omit<BatchInit, "operations"> =
    choice < 0.6
      ? {}
      : {
          session: integerBetween(random, Math.max(1, log.entries.length - 20), log.entries.length),
          first: integerBetween(random, 1, 4),
          acknowledged: integerBetween(random, 0, 3),
        };
  return log.append({ ...session, operations });
}

function randomOperations(revision: number, random: Random): readonly OperationInit[] {
  const lease = () => integerBetween(random, 1, 3);
  const ttlMs = () => integerBetween(random, 100, 1_500);
  return Array.from({ length: integerBetween(random, 1, 6) }, () => {
    const choice = random.next();
    const key = () => "abcdefghijkl"[integerBetween(random, 0, 11)] ?? "a";
    if (choice < 0.03) return compact(Math.max(1, revision - integerBetween(random, 0, 60)));
    if (choice < 0.5) return putLeased(key(), "leased", { leaseId: lease() });
    if (choice < 0.58) return putLeased(key(), "own", { ttlMs: ttlMs() });
    if (choice < 0.75) return grantLease(ttlMs(), lease());
    if (choice < 0.78) return revokeLease(lease());
    if (choice < 0.8) return keepLeaseAlive(lease());
    if (choice < 0.95) return randomLaterOperation(random, { key, revision, lease });
    return choice < 0.97 ? put(key(), "plain") : del(key());
  });
}
