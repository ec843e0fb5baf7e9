import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow, encodeValueRow } from "../codec/rows.ts";
import {
  applyOne,
  type BatchInit,
  bytes,
  CommandLog,
  checkState,
  compact,
  del,
  openSession,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { putLeased } from "../test-rig/lease-operations.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

const story: readonly BatchInit[] = [
  { operations: [raiseApplyVersion(3)] },
  ...Array.from({ length: 30 }, (_, i) => ({ operations: [put(`key${i % 7}`, `value ${i}`), del(`key${i % 5}`)] })),
  { operations: [openSession(60_000)] },
  { session: 32, first: 1, operations: [put("a", "1"), putLeased("own", "1", { ttlMs: 1_000 })] },
  { operations: [compact(12)] },
];

const check = { operations: [checkState] };
const CHECKED = story.length + 1;

class Replica {
  readonly store: GatedStore;
  readonly clock = new ManualClock();
  readonly machine: KvStateMachine;

  private constructor(store: GatedStore, machine: KvStateMachine, clock: ManualClock) {
    this.store = store;
    this.machine = machine;
    this.clock = clock;
  }

  static async open(store = new GatedStore()): Promise<Replica> {
    const clock = new ManualClock();
    return new Replica(store, await KvStateMachine.open({ store, clock }), clock);
  }

  result(index = CHECKED) {
    return this.machine.checks.result(index, this.machine.appliedIndex());
  }

  /** Until the check is over. */
  async done(index = CHECKED) {
    const stages = ["waiting", "running"];
    for (let turns = 0; turns < 1_000 && stages.includes(this.result(index).stage); turns++) await promisesSettle();
    const result = this.result(index);
    if (result.stage !== "done") throw new Error(`the check has come to ${result.stage}`);
    return result.checked;
  }
}

let log: CommandLog;
let replica: Replica;

beforeEach(async () => {
  log = new CommandLog();
  for (const batch of story) log.append(batch);
  replica = await Replica.open();
});

afterEach(() => replica.machine.close());

describe("a check of the whole state", () => {
  test("comes to the same on all replicas, however they merge, restart, compact or got the state", async () => {
    log.append(check);
    log.append({ operations: [put("later", "1"), del("a")] });
    await replica.machine.apply(log.entries);
    const expected = await replica.done();
    expect(expected).toMatchObject({ index: CHECKED, revision: 53, keys: 6 });

    let slow = await Replica.open();
    for (const entry of log.entries) {
      await slow.machine.apply([entry]);
      if (entry.index % 3 === 0 && entry.index < CHECKED) {
        await slow.machine.fingerprint(); // All that is compacted is removed.
        slow = await Replica.open(slow.store.copy());
      }
    }
    expect(await slow.done()).toEqual(expected);

    const before = await Replica.open();
    await before.machine.apply(log.entries.slice(0, CHECKED - 3));
    const taken = await before.machine.snapshot();
    const follower = await Replica.open();
    await follower.machine.restore(sourceOf(taken.index, taken.read()));
    await follower.machine.apply(log.after(follower.machine));
    expect(await follower.done()).toEqual(expected);
  });

  test("finds what an engine holds otherwise, of which kind it is, and between which revisions", async () => {
    await replica.machine.apply(log.entries);
    await replica.machine.fingerprint();
    const other = await Replica.open(replica.store.copy());
    const [row] = await other.store.getMany([valueRowKey(40, 0)]);
    const value = encodeValueRow({ ...decodeValueRow(row ?? bytes("")), value: bytes("rotten") });
    await other.store.write({
      appliedIndex: other.store.appliedIndex(),
      changes: [{ key: valueRowKey(40, 0), value }],
    });
    log.append(check);
    for (const { machine } of [replica, other]) await machine.apply(log.after(machine));
    const [good, bad] = [await replica.done(), await other.done()];
    expect(bad.fingerprint).not.toEqual(good.fingerprint);
    const differing = good.parts.filter(({ hash }, i) => Buffer.compare(hash, bad.parts[i]?.hash ?? hash) !== 0);
    expect(differing.map(({ name }) => name)).toEqual(["writes"]);
    const firstBad = good.revisions.findIndex(({ hash }, i) => hash !== bad.revisions[i]?.hash);
    expect(good.revisions[firstBad]?.revision).toBe(40);
    expect(good.revisions.at(-1)?.revision).toBe(53);
    await other.machine.close();
  });

  test("shows what was applied up to its entry and nothing after it, while a merge is held up", async () => {
    const alone = await Replica.open();
    log.append(check);
    await alone.machine.apply(log.entries);
    const expected = await alone.done();
    replica.store.hold("write");
    await replica.machine.apply(log.entries.slice(0, 20));
    const merging = replica.machine.flush();
    await promisesSettle();
    log.append({ operations: [put("later", "1")] });
    const applied = replica.machine.apply(log.after(replica.machine));
    await promisesSettle();
    // The merge under way has not come to the entry: what comes after it waits.
    expect(replica.machine.appliedIndex()).toBe(CHECKED);
    replica.store.release("write");
    await Promise.all([merging, applied]);
    expect(replica.machine.appliedIndex()).toBe(CHECKED + 1);
    expect(await replica.done()).toEqual(expected);
  });

  test("tells how far it has come, and what it cannot tell", async () => {
    const { machine, store } = replica;
    await machine.apply(log.entries);
    expect(replica.result(CHECKED)).toEqual({ stage: "waiting" });
    expect(replica.result(3)).toEqual({ stage: "missed" });
    store.hold("write");
    // Two at once: the other one is not begun.
    log.append(check);
    log.append(check);
    const applied = machine.apply(log.after(machine));
    await applied;
    expect(replica.result()).toEqual({ stage: "running", bytesRead: 0 });
    expect(machine.checks.runningIndex).toBe(CHECKED);
    expect(replica.result(CHECKED + 1)).toEqual({ stage: "missed" });
    store.release("write");
    await replica.done();
    expect(machine.checks.runningIndex).toBeUndefined();
  });

  test("comes to the same wherever the removal of what is compacted has come to", async () => {
    await replica.machine.apply(log.entries);
    await replica.machine.fingerprint();
    log.append({ operations: [compact(45), put("x", "1")] });
    log.append(check);
    const other = await Replica.open(replica.store.copy());
    await other.machine.apply(log.after(other.machine).slice(0, 1));
    await other.machine.fingerprint();
    for (const { machine } of [replica, other]) await machine.apply(log.after(machine));
    expect(await replica.done(CHECKED + 1)).toEqual(await other.done(CHECKED + 1));
    await other.machine.close();
  });

  test("is given up when the state is closed", async () => {
    const { machine, store } = replica;
    store.turns = () => 1;
    log.append(check);
    await machine.apply(log.entries);
    await machine.close();
    expect(["missed", "done"]).toContain(replica.result().stage);
    replica = await Replica.open();
  });

  test("is unknown to the first versions of applying", async () => {
    const early = new CommandLog();
    expect(await applyOne(replica.machine, early, check)).toMatchObject({
      answers: [{ kind: "refused", code: "invalidOperation" }],
    });
    expect(replica.result(1)).toEqual({ stage: "missed" });
  });
});
