import { describe, expect, test } from "vitest";
import { applyOne, bytes, CommandLog, del, put } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import type { MergeLimits } from "./merger.ts";
import type { Read, ReadAnswers } from "./read.ts";

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };
const everything: Read = { kind: "range", from: bytes(""), to: undefined, limit: 100, keysOnly: false };

async function open(merge: Partial<MergeLimits> = {}) {
  const store = new GatedStore();
  const clock = new ManualClock();
  const machine = await KvStateMachine.open({ store, clock, merge });
  const log = new CommandLog();
  return {
    store,
    clock,
    machine,
    log,
    apply: (...operations: ReturnType<typeof put>[]) => applyOne(machine, log, { operations }),
  };
}

function get(key: string): Read {
  return { kind: "get", key: bytes(key) };
}

async function* noChunks(): AsyncGenerator<Uint8Array> {}

/** `key=value@modRevision/version` for each entry of each answer. */
function shown({ answers }: ReadAnswers): readonly string[] {
  return answers.flatMap((answer) => {
    if (answer.kind !== "get" && answer.kind !== "range") return [answer.kind];
    const entries = answer.kind === "get" ? [answer.entry] : answer.entries;
    return entries.map((entry) =>
      entry === undefined
        ? "none"
        : `${Buffer.from(entry.key)}=${Buffer.from(entry.value)}@${entry.modRevision}/${entry.version}`,
    );
  });
}

describe("a read is from one revision, whatever is merged while it waits for the engine", () => {
  for (const [name, held] of [
    ["the index rows", 1],
    ["the value rows", 2],
  ] as const) {
    test(`gets that wait for ${name}`, async () => {
      const { store, machine, apply } = await open({ settledBytes: 0 });
      await apply(put("a", "old"), put("b", "old"), put("gone", "old"));
      await machine.flush();
      store.hold("getMany");
      const reading = machine.read([get("a"), get("b"), get("gone"), get("never")], limits);
      await promisesSettle();
      if (held === 2) {
        store.held.shift()?.release();
        await promisesSettle();
      }
      const [read] = store.held.splice(0);
      store.release("getMany");
      await apply(put("a", "new"), del("gone"), put("never", "now"));
      const flushed = machine.flush();
      await promisesSettle();
      read?.release();
      const answers = await reading;
      expect(await flushed).toBe(2);
      expect({ revision: answers.revision, shown: shown(answers) }).toEqual({
        revision: 4,
        shown: ["a=old@2/1", "b=old@3/1", "gone=old@4/1", "none"],
      });
    });
  }

  test("a merge does not begin to write while an older read is under way, and does once it has ended", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "old"));
    await machine.flush();
    store.hold("getMany");
    const reading = machine.read([get("a")], limits);
    store.hold("scan");
    const ranging = machine.read([everything], limits);
    store.release("getMany");
    await reading;
    await apply(put("a", "new"), put("b", "new"));
    const flushed = machine.flush();
    await promisesSettle();
    expect({ writes: store.writes, durable: machine.durableIndex() }).toEqual({ writes: 1, durable: 1 });
    store.release("scan");
    expect(shown(await ranging)).toEqual(["a=old@2/1"]);
    expect(await flushed).toBe(2);
    expect(shown(await machine.read([everything], limits))).toEqual(["a=new@3/2", "b=new@4/1"]);
  });

  test("a read that began during a merge takes what is merged from memory, before and after", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"), put("b", "1"), put("c", "1"));
    await machine.flush();
    await apply(put("a", "2"), del("b"));
    store.hold("write");
    const flushed = machine.flush();
    await promisesSettle();
    await apply(put("d", "1"));
    store.hold("scan");
    const ranging = machine.read([everything, get("b")], limits);
    store.release("write");
    await flushed;
    store.release("scan");
    const answers = await ranging;
    expect({ revision: answers.revision, shown: shown(answers) }).toEqual({
      revision: 7,
      shown: ["a=2@5/2", "c=1@4/1", "d=1@7/1", "none"],
    });
  });

  test("gets of keys that are known from the last merge wait for the value rows alone", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "old"), put("gone", "old"));
    await machine.flush();
    await apply(del("gone"));
    await machine.flush();
    store.hold("getMany");
    const reading = machine.read([get("a"), get("gone")], limits);
    await promisesSettle();
    const [read] = store.held.splice(0);
    store.release("getMany");
    await apply(put("a", "new"), put("gone", "back"));
    const flushed = machine.flush();
    await promisesSettle();
    expect(machine.durableIndex()).toBe(2);
    read?.release();
    expect(shown(await reading)).toEqual(["a=old@2/1", "none"]);
    expect(await flushed).toBe(3);
  });

  test("a merge waits for reads also when a restore that waited for reads before was refused", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "old"));
    await machine.flush();
    store.hold("getMany");
    const first = machine.read([get("a")], limits);
    const restored = machine.restore(sourceOf(9, noChunks()));
    await promisesSettle();
    store.release("getMany");
    await first;
    await expect(restored).rejects.toMatchObject({ code: "malformedSnapshot" });
    store.hold("getMany");
    const reading = machine.read([get("a")], limits);
    await promisesSettle();
    const [read] = store.held.splice(0);
    store.release("getMany");
    await apply(put("a", "new"));
    const flushed = machine.flush();
    await promisesSettle();
    read?.release();
    expect(shown(await reading)).toEqual(["a=old@2/1"]);
    expect(await flushed).toBe(2);
  });

  test("reads that begin after the freeze do not hold its merge up", async () => {
    const { store, machine, apply } = await open({ settledBytes: 0 });
    await apply(put("a", "1"));
    await machine.flush();
    await apply(put("b", "1"));
    store.hold("getMany");
    const older = machine.read([get("a")], limits);
    const flushed = machine.flush();
    await promisesSettle();
    const newer = machine.read([get("a")], limits);
    await promisesSettle();
    store.held.shift()?.release();
    await promisesSettle();
    expect(machine.durableIndex()).toBe(1);
    store.held.pop()?.release();
    await older;
    expect(await flushed).toBe(2);
    store.release("getMany");
    expect(shown(await newer)).toEqual(["a=1@2/1"]);
  });
});

describe("applying while merges run", () => {
  test("a key that was in memory when its command arrived counts on, though it is merged and dropped meanwhile", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"), put("a", "2"));
    store.hold("getMany");
    const applied = apply(put("a", "3"), put("elsewhere", "1"));
    await promisesSettle();
    await machine.flush();
    expect(machine.durableIndex()).toBe(1);
    store.release("getMany");
    await applied;
    expect(shown(await machine.read([get("a")], limits))).toEqual(["a=3@4/3"]);
    await machine.flush();
    expect(store.rowKeys().filter((key) => key.startsWith("r")).length).toBe(2);
  });

  test("no value row of a superseded revision is left behind, and none is missing", async () => {
    const { store, machine, apply } = await open();
    for (let round = 0; round < 4; round++) {
      await apply(put("a", `${round}`), put("b", `${round}`), del("c"), put("c", `${round}`), put("d", "x"), del("d"));
      if (round % 2 === 0) await machine.flush();
    }
    await machine.flush();
    expect(store.rowKeys().map((key) => key[0])).toEqual(["k", "k", "k", "m", "r", "r", "r"]);
    expect(shown(await machine.read([everything], limits))).toEqual(["a=3@19/4", "b=3@20/4", "c=3@22/1"]);
  });

  test("merges come by time, and by bytes", async () => {
    const { store, clock, machine, apply } = await open({ intervalMs: 100, mergeBytes: 10_000 });
    await apply(put("a", "1"));
    clock.advance(99);
    await promisesSettle();
    expect(store.writes).toBe(0);
    clock.advance(1);
    await promisesSettle();
    expect({ writes: store.writes, durable: machine.durableIndex(), timers: clock.pendingTimers }).toEqual({
      writes: 1,
      durable: 1,
      timers: 0,
    });
    await apply(put("b", "x".repeat(10_000)));
    await promisesSettle();
    expect(machine.durableIndex()).toBe(2);
  });

  test("when merges fall behind, applying waits instead of taking more memory", async () => {
    const { store, machine, apply } = await open({ mergeBytes: 1_000, maxBytes: 5_000 });
    store.hold("write");
    await apply(put("a", "x".repeat(2_000)));
    await promisesSettle();
    await apply(put("b", "x".repeat(6_000)));
    let applied = false;
    const waiting = apply(put("c", "1")).then(() => {
      applied = true;
    });
    await promisesSettle();
    expect({ applied, index: machine.appliedIndex() }).toEqual({ applied: false, index: 2 });
    store.release("write");
    await waiting;
    expect(machine.appliedIndex()).toBe(3);
  });

  test("after a failed merge nothing is applied or merged any more", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"));
    store.fail = new Error("the disk is gone");
    await expect(machine.flush()).rejects.toThrow("the disk is gone");
    await expect(apply(put("b", "1"))).rejects.toThrow("the disk is gone");
    store.fail = undefined;
    await expect(machine.flush()).rejects.toThrow("the disk is gone");
    expect(machine.durableIndex()).toBe(0);
  });

  test("a large merge leaves the event loop its turns", async () => {
    const { machine, apply } = await open();
    await apply(...Array.from({ length: 5_000 }, (_, i) => put(`key ${i}`, "1")));
    let turns = 0;
    const count = setImmediate(function again() {
      turns++;
      if (turns < 100) setImmediate(again);
    });
    await machine.flush();
    clearImmediate(count);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  test("entries out of order, or two batches at once, are the caller's error", async () => {
    const { store, machine, log, apply } = await open();
    await apply(put("a", "1"));
    await expect(machine.apply(log.entries)).rejects.toMatchObject({ code: "outOfOrder" });
    store.hold("getMany");
    log.append({ operations: [put("b", "1")] });
    const first = machine.apply(log.after(machine));
    await expect(machine.apply(log.after(machine))).rejects.toMatchObject({ code: "outOfOrder" });
    store.release("getMany");
    await first;
  });
});

describe("pages", () => {
  test("end at the limit or at the bytes, and say where the next begins", async () => {
    const { machine, apply } = await open();
    await apply(...["a", "b", "c", "d"].map((key) => put(key, "x".repeat(100))));
    await machine.flush();
    await apply(put("bb", "x".repeat(100)), del("c"));
    const page = async (from: string, limit: number, pageBytes: number) => {
      const read: Read = { kind: "range", from: bytes(from), to: undefined, limit, keysOnly: false };
      const { answers } = await machine.read([read], { pageBytes, totalBytes: 1e6 });
      const [answer] = answers;
      if (answer?.kind !== "range") throw new Error("no page");
      return {
        keys: answer.entries.map(({ key }) => `${Buffer.from(key)}`),
        next: answer.next && `${Buffer.from(answer.next)}`,
      };
    };
    expect(await page("", 2, 1e6)).toEqual({ keys: ["a", "b"], next: "bb" });
    expect(await page("bb", 2, 1e6)).toEqual({ keys: ["bb", "d"], next: undefined });
    expect(await page("", 100, 300)).toEqual({ keys: ["a", "b"], next: "bb" });
    expect(await page("", 100, 1)).toEqual({ keys: ["a"], next: "b" });
    expect(await page("bb", 100, 1)).toEqual({ keys: ["bb"], next: "d" });
    expect(await page("d", 100, 1)).toEqual({ keys: ["d"], next: undefined });
  });

  test("answers that are too large together are left out, but never the first", async () => {
    const { machine, apply } = await open();
    await apply(put("a", "x".repeat(100)), put("b", "x".repeat(100)));
    const reads = [get("none"), get("a"), get("b"), everything, get("none")];
    const { answers } = await machine.read(reads, { pageBytes: 1e6, totalBytes: 150 });
    expect(answers.map(({ kind }) => kind)).toEqual(["get", "get", "tooLarge", "tooLarge", "get"]);
    const tiny = await machine.read(reads, { pageBytes: 1e6, totalBytes: 1 });
    expect(tiny.answers.map(({ kind }) => kind)).toEqual(["get", "get", "tooLarge", "tooLarge", "tooLarge"]);
  });
});
