import { create } from "@bufbuild/protobuf";
import { type RangeStep, RangeStepSchema, SortTarget } from "@raftkv/proto/kv";
import type { Entry } from "@raftkv/raft-core";
import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, test, vi } from "vitest";
import { rangeRead } from "../services/wire-reads.ts";
import {
  bytes,
  CommandLog,
  checkState,
  closeSession,
  compact,
  del,
  type OperationInit,
  openSession,
  put,
  raiseApplyVersion,
  skip,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { expireLeases, randomLeaseOperation } from "../test-rig/lease-operations.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { ModelTransaction } from "../test-rig/model-transaction.ts";
import { plain } from "../test-rig/plain.ts";
import { randomLaterOperation, randomRangeStep } from "../test-rig/random-transaction.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { StateModel } from "../test-rig/state-model.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

// Thousands of steps take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };
const alphabet = ["a", "b", "c", "\x00", "\xff"];

/** One replica with a merge schedule of its own. */
class Replica {
  readonly clock = new ManualClock();
  store = new GatedStore();
  #machine: KvStateMachine | undefined;

  get machine(): KvStateMachine {
    if (this.#machine === undefined) throw new Error("the replica was not started");
    return this.#machine;
  }

  /** From what was merged: after a crash, everything else is gone. */
  async start(): Promise<this> {
    this.store = this.store.copy();
    // Room for two or three keys: some are known, and others have to be asked for.
    const merge = { settledBytes: 500 };
    this.#machine = await KvStateMachine.open({ store: this.store, clock: this.clock, merge });
    return this;
  }

  /** Applies what the log holds, and compares the answers, also to what it had applied before a crash. */
  async catchUp(log: CommandLog, expected: readonly unknown[]): Promise<void> {
    const from = this.machine.appliedIndex();
    const results = await this.machine.apply(log.after(this.machine));
    expect(results.map(plain), `from ${from}`).toEqual(expected.slice(from));
  }
}

describe("the state does what a plain model does", () => {
  for (let seed = 1; seed <= 12; seed++) test(`seed ${seed}`, () => runSeed(seed));
});

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const model = new StateModel();
  const log = new CommandLog();
  const expected: unknown[] = [];
  const steady = await new Replica().start();
  const shaken = await new Replica().start();
  // Most of the time with everything there is; now and then with versions that come to it on the way, or never do.
  if (seed % 3 !== 0) expected.push(model.apply(log.append({ operations: [raiseApplyVersion(3)] })));
  for (let step = 0; step < 120; step++) {
    for (let i = integerBetween(random, 1, 4); i > 0; i--) {
      expected.push(model.apply(appendRandom(log, model, random)));
    }
    await steady.catchUp(log, expected);
    await shake(shaken, steady, random);
    await shaken.catchUp(log, expected);
    const last = log.entries.length;
    expect(shaken.machine.marks.at(last)).toEqual(steady.machine.marks.at(last));
    if (step % 5 === 0 && model.applyVersion >= 3) await compareWholes(steady, shaken, log, model, expected);
    await compareReads(shaken.machine, model, random);
    await compareRanges(shaken.machine, model, random);
    if (step % 20 === 0) await compareFingerprints(steady, shaken);
  }
  await compareFingerprints(steady, shaken);
}

/** Whatever each has merged, and removed of what is compacted, a check of all of it comes to the same. */
async function compareWholes(
  a: Replica,
  b: Replica,
  log: CommandLog,
  model: StateModel,
  expected: unknown[],
): Promise<void> {
  const { index } = log.append({ operations: [checkState] });
  expected.push(model.apply(log.entries.at(-1) ?? log.appendNoop()));
  b.store.release("write");
  const results = [];
  for (const replica of [a, b]) {
    await replica.catchUp(log, expected);
    const { checks } = replica.machine;
    while (checks.runningIndex !== undefined) {
      await promisesSettle();
      replica.clock.advance(1);
    }
    results.push(checks.result(index, index));
  }
  expect(results[0]?.stage).toBe("done");
  expect(results[1]).toEqual(results[0]);
}

async function compareFingerprints(a: Replica, b: Replica): Promise<void> {
  b.store.release("write");
  expect(await b.machine.fingerprint()).toEqual(await a.machine.fingerprint());
  expect(b.store.rowKeys()).toEqual(a.store.rowKeys());
}

/** Merges that end, merges that hang for a while, crashes, and snapshots of the other replica. */
async function shake(replica: Replica, other: Replica, random: ReturnType<typeof seededRandom>) {
  const choice = random.next();
  if (choice < 0.2) {
    replica.store.release("write");
    await replica.machine.flush();
  } else if (choice < 0.3) replica.store.hold("write");
  else if (choice < 0.5) replica.store.release("write");
  else if (choice < 0.6) await replica.start();
  else if (choice < 0.65) await restoreFrom(replica, other);
  replica.clock.advance(integerBetween(random, 0, 400));
  await promisesSettle();
}

async function restoreFrom(replica: Replica, other: Replica): Promise<void> {
  replica.store.release("write");
  const snapshot = await other.machine.snapshot();
  await replica.machine.restore(sourceOf(snapshot.index, snapshot.read()));
  await snapshot.close();
}

/** Time mostly goes on; now and then a new leader stamps an entry with an earlier time than the one before it. */
function appendRandom(log: CommandLog, model: StateModel, random: ReturnType<typeof seededRandom>): Entry {
  const nowMs = log.timeMs + integerBetween(random, 0, 200);
  log.timeMs = random.next() < 0.1 ? Math.max(0, nowMs - 500) : nowMs;
  const entry = appendOne(log, model, random);
  log.timeMs = nowMs;
  return entry;
}

function appendOne(log: CommandLog, model: StateModel, random: ReturnType<typeof seededRandom>): Entry {
  const choice = random.next();
  if (choice < 0.05) return log.appendNoop();
  if (choice < 0.08) return log.appendPayload(Uint8Array.of(0xff, 1, 2));
  if (choice < 0.1) return log.append({ operations: [raiseApplyVersion(integerBetween(random, 1, 3))] });
  if (choice < 0.12) return log.append({ operations: [expireLeases] });
  if (choice < 0.15) return log.append({ operations: [openSession(integerBetween(random, 900, 5_000))] });
  if (choice < 0.55) return log.append({ operations: randomOperations(model, random) });
  const session = model.someSession(random.next()) ?? 7;
  const last = model.lastSequence(session);
  const first = Math.max(0, last + integerBetween(random, -2, 2));
  return log.append({
    session,
    first,
    acknowledged: Math.max(0, last - 3),
    operations: randomOperations(model, random),
  });
}

function randomOperations(model: StateModel, random: ReturnType<typeof seededRandom>): readonly OperationInit[] {
  return Array.from({ length: integerBetween(random, 0, 4) }, () => {
    const choice = random.next();
    const key = randomKey(random);
    if (choice < 0.05) return skip;
    if (choice < 0.07) return closeSession;
    if (choice < 0.1) return compact(Math.max(0, model.revision - integerBetween(random, -1, 60)));
    if (choice < 0.25) return randomLeaseOperation(key, model.leases.some(random.next()), random);
    if (choice < 0.45)
      return randomLaterOperation(random, {
        key: () => randomKey(random),
        revision: model.revision,
        lease: () => model.leases.some(random.next()),
      });
    return choice < 0.7 ? put(key, `${key}${integerBetween(random, 0, 999)}`) : del(key);
  });
}

function randomKey(random: ReturnType<typeof seededRandom>): string {
  const length = integerBetween(random, 0, 3);
  return Array.from({ length }, () => alphabet[integerBetween(random, 0, alphabet.length - 1)]).join("");
}

async function compareReads(machine: KvStateMachine, model: StateModel, random: ReturnType<typeof seededRandom>) {
  const [key, from, to] = [randomKey(random), randomKey(random), randomKey(random)];
  const limit = integerBetween(random, 1, 8);
  const at = integerBetween(random, Math.max(1, model.earliest - 3), model.revision + 1);
  const { revision, answers } = await machine.read(
    [
      { kind: "get", key: bytes(key) },
      { kind: "range", from: bytes(from), to: bytes(to), limit, keysOnly: false },
      { kind: "range", from: bytes(from), to: undefined, limit: 1_000, keysOnly: true },
      { kind: "get", key: bytes(key), atRevision: at },
      { kind: "range", from: bytes(from), to: bytes(to), limit, keysOnly: false, atRevision: at },
      { kind: "range", from: bytes(from), to: undefined, limit: 1_000, keysOnly: true, atRevision: at },
      { kind: "history", key: bytes(key), limit },
      { kind: "history", key: bytes(key), limit: 1_000, atRevision: Math.min(at, model.revision) },
    ],
    limits,
  );
  expect(revision).toBe(model.revision);
  const past = (answer: unknown) => {
    if (at > model.revision) return { kind: "futureRevision" };
    return at < model.earliest ? { kind: "compacted", compactRevision: model.earliest } : answer;
  };
  expect(answers.map(plain), `at ${at}`).toEqual([
    { kind: "get", entry: model.get(key) },
    { kind: "range", ...model.range(from, to, limit, false) },
    { kind: "range", ...model.range(from, undefined, 1_000, true) },
    past({ kind: "get", entry: model.get(key, at) }),
    past({ kind: "range", ...model.range(from, to, limit, false, at) }),
    past({ kind: "range", ...model.range(from, undefined, 1_000, true, at) }),
    { kind: "history", ...model.history(key, limit) },
    { kind: "history", ...model.history(key, 1_000, Math.min(at, model.revision)) },
  ]);
}

/** Ranges with all that they can be told. */
async function compareRanges(machine: KvStateMachine, model: StateModel, random: ReturnType<typeof seededRandom>) {
  const keys = { key: () => randomKey(random), revision: model.revision, lease: () => undefined };
  const at = integerBetween(random, model.earliest, model.revision);
  for (const revision of [model.revision, at]) {
    const wire = create(RangeStepSchema, randomRangeStep(random, keys));
    const read = rangeRead({ ...wire, atRevision: revision === model.revision ? 0n : BigInt(revision) });
    const { answers } = await machine.read([read], limits);
    expect(answers.map(plain), `at ${revision}: ${JSON.stringify(plain(read))}`).toEqual([
      {
        kind: "range",
        ...modelRange(model, wire, revision),
        revision: model.compactRevision === undefined ? 0 : revision,
      },
    ]);
  }
}

function modelRange(model: StateModel, wire: RangeStep, revision: number) {
  const { entries, count } = new ModelTransaction(model.keysAt(revision), 0).range(wire);
  if (wire.countOnly) return { entries: [], next: undefined, count };
  const { target, descending } = wire.order ?? { target: SortTarget.KEY, descending: false };
  const hasPages = (target === SortTarget.KEY || target === SortTarget.UNSPECIFIED) && !descending;
  const all = new ModelTransaction(model.keysAt(revision), 0).range({ ...wire, limit: 0 });
  return { entries, next: hasPages ? all.entries[entries.length]?.key : undefined, count: 0 };
}
