import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, test, vi } from "vitest";
import { encodeEnvelope } from "../../codec/envelope.ts";
import { compact, del, encodeBatch, type OperationInit, put, raiseApplyVersion } from "../../test-rig/command-log.ts";
import { promisesSettle } from "../../test-rig/manual-clock.ts";
import { type ServiceRig, serviceRig } from "../../test-rig/service-rig.ts";
import { WatchCallRig, type WatchInit } from "../../test-rig/watch-call.ts";

vi.setConfig({ testTimeout: 60_000 });

type Random = ReturnType<typeof seededRandom>;

const keys = ["a", "a\0", "ab", "b", "c"];
const watchId = 1n;

/** All that was written, and what each watch should be told of it. */
class Written {
  revision = 1;
  earliest = 1;
  /** What a key was before a write of one of these need not be known. */
  readonly compactedAt = new Set<number>();
  readonly #events: {
    readonly revision: number;
    readonly key: string;
    readonly value: string | undefined;
    readonly was: string | undefined;
  }[] = [];
  readonly #values = new Map<string, string>();

  put(key: string, value: string): void {
    this.#events.push({ revision: ++this.revision, key, value, was: this.#values.get(key) });
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.has(key)) return;
    this.#events.push({ revision: ++this.revision, key, value: undefined, was: this.#values.get(key) });
    this.#values.delete(key);
  }

  toldTo({ init, from }: Watcher): readonly string[] {
    return this.#events
      .filter(({ revision, key }) => revision >= from && isIn(key, init))
      .filter(({ value }) => (value === undefined ? !init.withoutDeletes : !init.withoutPuts))
      .map(({ revision, key, value, was }) => {
        const what = value === undefined ? `${key} deleted` : `${key}=${value}`;
        return `${revision} ${what}${init.withPrevious && was !== undefined ? `, was ${was}` : ""}`;
      });
  }
}

function isIn(key: string, { key: only, from = "", to = "" }: WatchInit): boolean {
  return only === undefined ? key >= from && (to === "" || key < to) : key === only;
}

/** One watch, on a stream of its own. */
interface Watcher {
  readonly call: WatchCallRig;
  readonly init: WatchInit;
  /** The first revision that it is to be told of. */
  readonly from: number;
}

describe("each watch is told exactly what was written, whatever is merged, compacted and read meanwhile", () => {
  for (let seed = 1; seed <= 6; seed++) test(`seed ${seed}`, () => runSeed(seed));
});

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed);
  // So small that streams are full all the time.
  const rig = await serviceRig({ limits: { maxWatchStreamBytes: 2_000, maxWatchBytes: 20_000 } });
  const written = new Written();
  const watchers: Watcher[] = [];
  await write(rig, [raiseApplyVersion(2)]);
  rig.store.turns = () => (random.next() < 0.2 ? integerBetween(random, 1, 3) : 0);
  for (let step = 0; step < 160; step++) {
    await write(rig, someOperations(random, written));
    if (random.next() < 0.2 && watchers.length < 30) watchers.push(await someWatcher(rig, random, written));
    await disturb(rig, random, written, watchers);
    if (step % 16 === 0) for (const watcher of watchers) check(watcher, written);
  }
  rig.store.release("write");
  for (const watcher of watchers) await checkInTheEnd(watcher, written);
  expect(watchers.some((watcher) => watcher.call.events(watchId).length > 20)).toBe(true);
}

async function write(rig: ServiceRig, operations: readonly OperationInit[]): Promise<void> {
  await rig.consensus.propose(encodeEnvelope(0, encodeBatch({ operations })));
}

function someOperations(random: Random, written: Written): readonly OperationInit[] {
  return Array.from({ length: integerBetween(random, 1, 6) }, () => {
    const key = keys[integerBetween(random, 0, keys.length - 1)] ?? "a";
    if (random.next() < 0.3) {
      written.delete(key);
      return del(key);
    }
    const value = "x".repeat(integerBetween(random, 1, 60));
    written.put(key, value);
    return put(key, value);
  });
}

async function someWatcher(rig: ServiceRig, random: Random, written: Written): Promise<Watcher> {
  const what = [{ key: "a" }, { key: "b" }, { from: "a", to: "b" }, { from: "" }, { from: "ab", to: "c\0" }];
  const start = integerBetween(random, written.earliest + 1, written.revision + 5);
  const fromNow = random.next() < 0.4;
  const init: WatchInit = {
    ...what[integerBetween(random, 0, what.length - 1)],
    withPrevious: random.next() < 0.4,
    ...(random.next() < 0.2 ? { withoutPuts: true } : {}),
    creditBytes: BigInt(integerBetween(random, 1, 400)),
    ...(fromNow ? {} : { startRevision: BigInt(start) }),
  };
  const call = new WatchCallRig(rig, random.next() < 0.2 ? "Connect" : "hand").watch(watchId, init);
  await call.until(() => call.responses.length > 0);
  return { call, init, from: fromNow ? written.revision + 1 : start };
}

/** Merges that end or hang, compaction, clients that give credit, or stop reading and go on. */
async function disturb(rig: ServiceRig, random: Random, written: Written, watchers: readonly Watcher[]): Promise<void> {
  const chance = random.next();
  if (chance < 0.2) rig.store.hold("write");
  else if (chance < 0.4) rig.store.release("write");
  else if (chance < 0.5) rig.clock.advance(600);
  else if (chance < 0.54 && written.revision > written.earliest + 20) {
    written.earliest = integerBetween(random, written.earliest + 1, written.revision);
    written.compactedAt.add(written.earliest);
    await write(rig, [compact(written.earliest)]);
  }
  for (const { call } of watchers) {
    if (random.next() < 0.15) call.credit(watchId, integerBetween(random, 1, 3_000));
    if (random.next() < 0.1) call.paused = true;
    if (random.next() < 0.2) call.resume();
  }
  for (let turns = integerBetween(random, 0, 4); turns > 0; turns--) await promisesSettle();
}

/** Up to here nothing is missing, and nothing stands twice or out of order. */
function check(watcher: Watcher, written: Written): void {
  const told = watcher.call.events(watchId);
  const known = (event: string) => (written.compactedAt.has(Number.parseInt(event, 10)) ? event.split(",")[0] : event);
  expect(told.map(known)).toEqual(written.toldTo(watcher).slice(0, told.length).map(known));
}

/** With credit for all, it comes to its end: told everything, or that what it needs is compacted. */
async function checkInTheEnd(watcher: Watcher, written: Written): Promise<void> {
  const { call } = watcher;
  call.resume();
  call.credit(watchId, 10_000_000);
  const expected = written.toldTo(watcher);
  const isCanceled = () => call.of(watchId).some((response) => response.case === "canceled");
  await call.until(() => call.events(watchId).length >= expected.length || isCanceled());
  check(watcher, written);
  if (!isCanceled()) return;
  const through = call.of(watchId).flatMap((one) => (one.case === "events" ? [Number(one.value.throughRevision)] : []));
  expect(Math.max(watcher.from - 1, ...through) + 1).toBeLessThan(written.earliest);
}
