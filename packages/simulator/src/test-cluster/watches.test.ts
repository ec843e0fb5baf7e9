import { RaftKvError, type WatchBatch, type WatchEvent, type WatchTarget } from "@raftkv/kv-client";
import { expect, it, vi } from "vitest";
import type { AppProcess } from "./app-process.ts";
import { explore } from "./explore.ts";
import type { TestCluster } from "./test-cluster.ts";

vi.setConfig({ testTimeout: 60_000 });

const keys = ["a1", "a2", "b1", "b2"];
const writes = 60;

/** What one revision did, as whoever wrote it was told, or as a watch tells it. */
interface Fact {
  readonly key: string;
  /** Undefined: deleted. */
  readonly value: string | undefined;
}

/** Consecutive batches that one watcher was told. */
interface Segment {
  readonly target: WatchTarget;
  readonly from: number;
  readonly batches: WatchBatch[];
}

/** Every key, so every revision. */
const everything: WatchTarget = { from: "" };
const targets: readonly WatchTarget[] = [everything, everything, { prefix: "a" }, "b1"];

it("watches keep their promises, whatever happens to nodes, connections, clocks and those who watch", async () => {
  const kept = { batches: 0, resumed: 0, compacted: 0 };
  await explore({ seeds: 8, nodes: 3 }, async (cluster) => {
    const first = await historyKept(cluster);
    const acknowledged = new Map<number, Fact>();
    const watchers = targets.map((target, i) => new Watcher(cluster, target, `watcher ${i}`, first));
    cluster.disturb({ meanIntervalMs: 400, maxDurationMs: 2_000 });
    const told = watchers.map((watcher) => watcher.run());
    const writers = [cluster.process({ name: "writer 1" }), cluster.process({ name: "writer 2" })];
    await Promise.all(writers.map((writer) => write(writer, acknowledged)));
    cluster.calm();
    const last = (await cluster.process({ name: "the last" }).kv.put("b1", "the last")).revision;
    for (const watcher of watchers) watcher.endAt(last);
    await Promise.all(told);
    const all = watchers.flatMap(({ segments }) => segments);
    check(all, acknowledged, last);
    for (const watcher of watchers) {
      kept.batches += watcher.segments.reduce((sum, { batches }) => sum + batches.length, 0);
      kept.resumed += watcher.resumed;
      kept.compacted += watcher.segments.length - 1;
    }
  });
  // It was worth the while.
  expect(kept.batches).toBeGreaterThan(1_000);
  expect(kept.resumed).toBeGreaterThan(20);
  expect(kept.compacted).toBeGreaterThan(0);
});

/** Resolves with the revision then. */
async function historyKept(cluster: TestCluster): Promise<number> {
  const kv = cluster.client();
  const { revision } = await kv.put("b1", "the first");
  while ((await kv.members()).some(({ status }) => (status?.applyVersion ?? 0) < 2)) await cluster.advance(50);
  return revision;
}

async function write(writer: AppProcess, acknowledged: Map<number, Fact>): Promise<void> {
  for (let i = 0; i < writes; i++) {
    await writer.clock.sleep(50 * writer.random());
    const key = keys[Math.floor(writer.random() * keys.length)] ?? "a1";
    const value = `${writer.name} ${i}`;
    try {
      if (writer.random() < 0.03) await compactSomeOf(writer, Math.max(...acknowledged.keys()));
      else if (writer.random() < 0.3) {
        const { revision, deleted } = await writer.kv.delete(key);
        if (deleted) acknowledged.set(revision, { key, value: undefined });
      } else acknowledged.set((await writer.kv.put(key, value)).revision, { key, value });
    } catch (error) {
      if (!(error instanceof RaftKvError) || error.code === "INTERNAL") throw error;
    }
  }
}

async function compactSomeOf(writer: AppProcess, known: number): Promise<void> {
  const revision = Math.floor(known * writer.random());
  if (revision > 0) await writer.kv.compact(revision);
}

/** A process that watches, and is started again after it has crashed; slow at times. */
class Watcher {
  readonly segments: Segment[] = [];
  resumed = 0;
  readonly #cluster: TestCluster;
  readonly #target: WatchTarget;
  readonly #name: string;
  #next: number;
  #end = Number.POSITIVE_INFINITY;
  #stop: (() => void) | undefined;

  constructor(cluster: TestCluster, target: WatchTarget, name: string, after: number) {
    this.#cluster = cluster;
    this.#target = target;
    this.#name = name;
    this.#next = after + 1;
    this.#begin(this.#next);
  }

  /** It has been told everything up to there, and then ends. */
  endAt(revision: number): void {
    this.#end = revision;
    if (this.#next > revision) this.#stop?.();
  }

  async run(): Promise<void> {
    for (let run = 0; this.#next <= this.#end; run++) {
      const process = this.#cluster.process({ name: `${this.#name}, run ${run}` });
      await this.#watch(process);
      await process.kv.close();
      this.resumed++;
    }
  }

  #begin(from: number): void {
    this.segments.push({ target: this.#target, from, batches: [] });
    this.#next = from;
  }

  async #watch(process: AppProcess): Promise<void> {
    const options = { previous: true, progress: true, bufferBytes: process.random() < 0.5 ? 100 : 1_000_000 };
    const watch = process.kv.watch(this.#target, { ...options, startRevision: this.#next });
    this.#stop = () => watch.close();
    const mostBatches = 1 + Math.floor(process.random() * 60);
    let taken = 0;
    try {
      for await (const batch of watch.batches()) {
        this.segments.at(-1)?.batches.push(batch);
        this.#next = batch.revision + 1;
        if (this.#next > this.#end || ++taken >= mostBatches) return;
        if (process.random() < 0.1) await process.clock.sleep(1_000 * process.random());
      }
    } catch (error) {
      if (!(error instanceof RaftKvError) || error.code !== "COMPACTED") throw error;
      this.#begin(Number(/earliest revision to watch from is (\d+)/.exec(error.message)?.[1]));
    }
  }
}

/** The promises of a watch, as etcd's robustness suite has them. */
function check(segments: readonly Segment[], acknowledged: ReadonlyMap<number, Fact>, last: number): void {
  const facts = new Map<number, WatchEvent>();
  for (const { from, batches } of segments) {
    let told = from - 1;
    for (const { revision, events } of batches) {
      // Ordered, unique, and bookmarkable: nothing comes after a mark that covers it.
      if (revision <= told) throw new Error(`revision ${revision} was told after ${told}`);
      told = revision;
      // Atomic: what happened at one revision stands together. Here each is the write of one key.
      if (events.length > 1) throw new Error(`revision ${revision} has ${events.length} events`);
      for (const event of events) {
        if (event.revision !== revision)
          throw new Error(`an event of ${event.revision} was told as one of ${revision}`);
        same(facts.get(revision), event);
        facts.set(revision, event);
      }
    }
  }
  // Those who watch everything are told every revision: of a segment, from its beginning to its end, and of all together.
  for (const { target, from, batches } of segments) reliable(target, from, batches, facts);
  for (const [revision, { key, value }] of acknowledged) {
    const event = facts.get(revision);
    if (event === undefined) continue; // Compacted before anybody was told of it.
    if (event.key !== key || event.entry?.text !== value)
      throw new Error(`revision ${revision} is told as another write`);
  }
  versions(facts);
  if (!facts.has(last)) throw new Error(`revision ${last} was told to nobody`);
}

function reliable(
  target: WatchTarget,
  from: number,
  batches: readonly WatchBatch[],
  facts: ReadonlyMap<number, WatchEvent>,
): void {
  const told = new Set(batches.filter(({ events }) => events.length > 0).map(({ revision }) => revision));
  const end = batches.at(-1)?.revision ?? from - 1;
  for (let revision = from; revision <= end; revision++) {
    const event = facts.get(revision);
    if (target === everything && !told.has(revision)) throw new Error(`revision ${revision} was not told`);
    if (event !== undefined && told.has(revision) !== isFor(target, event.key)) {
      throw new Error(`revision ${revision} was told to the wrong watch, or not to the right one`);
    }
  }
}

function isFor(target: WatchTarget, key: string): boolean {
  if (target === everything) return true;
  return typeof target === "string" ? key === target : key.startsWith("a");
}

/** Versions, create revisions and previous values are those of the writes before. */
function versions(facts: ReadonlyMap<number, WatchEvent>): void {
  const present = new Map<string, WatchEvent>();
  let before = 0;
  for (const revision of [...facts.keys()].sort((a, b) => a - b)) {
    if (revision !== before + 1) present.clear();
    before = revision;
    const event = facts.get(revision);
    if (event === undefined) continue;
    const known = present.get(event.key);
    present.set(event.key, event);
    if (known === undefined) continue;
    const { entry, previous } = event;
    const version = (known.entry?.version ?? 0) + 1;
    if (entry !== undefined && entry.version !== version)
      throw new Error(`revision ${revision} is not version ${version}`);
    const created = known.entry?.createRevision ?? revision;
    if (entry !== undefined && entry.createRevision !== created)
      throw new Error(`revision ${revision} was created later`);
    // Of the very revision that history begins with it need not be known.
    if (previous !== undefined && previous.modRevision !== known.entry?.modRevision) {
      throw new Error(`revision ${revision} tells another previous value`);
    }
  }
}

function same(a: WatchEvent | undefined, b: WatchEvent): void {
  if (a === undefined) return;
  if (a.key === b.key && a.kind === b.kind && a.entry?.text === b.entry?.text) return;
  throw new Error(`revision ${b.revision} is told in two ways`);
}
