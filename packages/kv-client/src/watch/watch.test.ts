import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "../raft-kv.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { ScriptedNode } from "../testing/scripted-node.ts";
import { event, type ScriptedWatchStream } from "../testing/scripted-watches.ts";
import type { Watch } from "./watch.ts";
import type { WatchBatch, WatchEvent } from "./watch-event.ts";

let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  node = await ScriptedNode.start();
  kv = new RaftKv({ endpoints: [node.address] });
});

afterEach(async () => {
  await kv.close();
  await node.stop();
});

/** The stream, once that many watches were asked for on it. */
async function stream(position = 0, creates = 1, at = node): Promise<ScriptedWatchStream> {
  await at.until(() => (at.watches.streams[position]?.creates.length ?? 0) >= creates);
  const found = at.watches.streams[position];
  if (found === undefined) throw new Error("unreachable");
  return found;
}

function text({ revision, key, entry, previous }: WatchEvent): string {
  const what = entry === undefined ? `${key} deleted` : `${key}=${entry.text}`;
  return `${revision} ${what}${previous === undefined ? "" : `, was ${previous.text}`}`;
}

function batchText({ revision, events }: WatchBatch): string {
  return `${revision}: ${events.map(text).join("; ")}`;
}

async function take<T, U>(items: AsyncIterator<T>, count: number, shown: (item: T) => U): Promise<readonly U[]> {
  const taken: U[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done) throw new Error("it has ended");
    taken.push(shown(value));
  }
  return taken;
}

const utf8 = (key: string) => new TextEncoder().encode(key);

const events = (watch: Watch): AsyncIterator<WatchEvent> => watch[Symbol.asyncIterator]();

describe("a watch", () => {
  it("asks for what it is told to, begins at once, and says when a node serves it", async () => {
    const watch = kv.watch({ prefix: "a" }, { startRevision: 5, previous: true, events: "delete", minRevision: 3 });
    const at = await stream();
    expect(at.creates[0]).toMatchObject({
      watchId: 1n,
      from: utf8("a"),
      to: utf8("b"),
      startRevision: 5n,
      minRevision: 3n,
      withPrevious: true,
      withoutPuts: true,
      withoutDeletes: false,
      creditBytes: 1_048_576n,
    });
    at.created(1n, 9);
    expect(await watch.started()).toBe(4);
    kv.watch("k", { events: "put", bufferBytes: 100 });
    const more = await stream(0, 2);
    expect(more.creates[1]).toMatchObject({ from: utf8("k"), to: utf8("k\0"), startRevision: 0n });
    expect(more.creates[1]).toMatchObject({ withoutPuts: false, withoutDeletes: true, creditBytes: 100n });
    expect(node.connections).toBe(1);
  });

  it("tells event by event, or what changed at one revision together", async () => {
    const single = events(kv.watch({ from: "a", to: "c" }, { previous: true }));
    const batches = kv.watch({ from: "a" }).batches();
    const at = await stream(0, 2);
    at.created(1n, 1);
    at.created(2n, 1);
    at.events(1n, 4, event("2 a=1", "0"), event("4 a deleted"));
    at.events(2n, 9, event("2 a=1"), event("2 b=1"), event("4 a deleted"));
    expect(await take(single, 2, text)).toEqual(["2 a=1, was 0", "4 a deleted"]);
    expect(await take(batches, 2, batchText)).toEqual(["2: 2 a=1; 2 b=1", "4: 4 a deleted"]);
  });

  it("is told the whole of a revision when its last fragment has come, and not twice what broke off in between", async () => {
    const batches = kv.watch({ from: "" }).batches();
    const at = await stream();
    at.created(1n, 1);
    at.events(1n, 2, event("2 a=1"));
    at.events(1n, 2, event("3 a=2"), event("3 b=2"));
    expect(await take(batches, 1, batchText)).toEqual(["2: 2 a=1"]);
    node.breakConnections();
    const again = await stream(1);
    expect(again.creates[0]).toMatchObject({ startRevision: 3n, minRevision: 2n });
    const id = again.creates[0]?.watchId ?? 0n;
    again.created(id, 3);
    again.events(id, 2, event("3 a=2"));
    again.events(id, 4, event("3 b=2"), event("3 c=2"), event("4 a=3"));
    expect(await take(batches, 2, batchText)).toEqual(["3: 3 a=2; 3 b=2; 3 c=2", "4: 4 a=3"]);
  });

  it("goes on at another node after what it was told, and from where it began if it was told nothing", async () => {
    const other = await ScriptedNode.start();
    await using client = new RaftKv({ endpoints: [node.address, other.address], random: () => 0 });
    const told = events(client.watch("a", { startRevision: 2 }));
    const quiet = client.watch("b");
    const early = client.watch("c", { startRevision: 7 });
    const at = await stream(0, 3);
    for (const id of [1n, 2n]) at.created(id, 5);
    at.events(1n, 5, event("2 a=1"), event("4 a=2"));
    at.progress(2n, 6);
    expect(await quiet.started()).toBe(5);
    expect(await take(told, 2, text)).toEqual(["2 a=1", "4 a=2"]);
    await node.stop();
    const next = await stream(0, 3, other);
    const asked = next.creates.map(({ startRevision, minRevision }) => [startRevision, minRevision]);
    expect(asked).toEqual([
      [6n, 5n],
      [7n, 6n],
      [7n, 0n],
    ]);
    const [first] = next.creates;
    next.created(first?.watchId ?? 0n, 8);
    next.events(first?.watchId ?? 0n, 8, event("8 a=3"));
    expect(await take(told, 1, text)).toEqual(["8 a=3"]);
    early.close();
    await other.stop();
  });

  it("does not take for its own how far a node has come that has not heard of it", async () => {
    kv.watch("a");
    const late = events(kv.watch("b", { startRevision: 3 }));
    const at = await stream(0, 2);
    at.created(1n, 9);
    at.progress(0n, 9);
    at.created(2n, 9);
    at.events(2n, 9, event("4 b=1"));
    at.progress(0n, 10);
    at.events(2n, 11, event("10 b=2"), event("11 b=3"));
    expect(await take(late, 2, text)).toEqual(["4 b=1", "11 b=3"]);
  });

  it("gives credit for what is taken, and to the next node only what there is room for", async () => {
    const size = 64 + 1 + 100;
    const value = "x".repeat(100);
    const told = events(kv.watch("a", { bufferBytes: 4 * size }));
    const other = events(kv.watch("b"));
    const at = await stream(0, 2);
    at.created(1n, 1);
    at.created(2n, 1);
    for (let revision = 2; revision < 6; revision++) at.events(1n, revision, event(`${revision} a=${value}`));
    await take(told, 2, text);
    await node.until(() => at.texts.includes(`credit 1: ${2 * size}`));
    at.events(1n, 7, event(`6 a=${value}`), event(`7 a=${value}`));
    at.events(2n, 8, event("8 b=1"));
    await take(other, 1, text);
    await take(told, 1, text);
    node.breakConnections();
    // It has taken three of six, so the other three wait.
    const again = await stream(1, 2);
    expect(again.creates[0]?.creditBytes).toBe(BigInt(size));
    await take(told, 3, text);
    const id = again.creates[0]?.watchId;
    await node.until(
      () => again.texts.includes(`credit ${id}: ${2 * size}`) || again.texts.includes(`credit ${id}: ${3 * size}`),
    );
  });

  it("is told together with others what is the same for all, which was made ready once, and gives credit together", async () => {
    const size = 64 + 1 + 1;
    const options = { bufferBytes: 2 * size };
    const [a, b, c] = ["a", "a", "a"].map((key) => events(kv.watch(key, options)));
    const at = await stream(0, 3);
    for (const id of [1n, 2n, 3n]) at.created(id, 1);
    at.eventsOfAll([3n, 9n, 1n, 2n], 2, event("2 a=1"));
    const told = await Promise.all([a, b, c].map(async (one) => (await one?.next())?.value));
    expect(told.map((one) => one && text(one))).toEqual(["2 a=1", "2 a=1", "2 a=1"]);
    expect(new Set(told).size).toBe(1);
    expect(() => Object.assign(told[0] ?? {}, { revision: 3 })).toThrow(TypeError);
    await node.until(() => at.texts.some((one) => one.startsWith("credit")));
    expect(at.texts.filter((one) => one.startsWith("credit"))).toEqual([`credit 3,1,2: ${size}`]);
  });

  it("is told by what is for several what was left of a fragment of its own", async () => {
    const [a, b] = ["a", "a"].map((key) => kv.watch(key).batches());
    const at = await stream(0, 2);
    at.created(1n, 1);
    at.created(2n, 1);
    at.events(1n, 1, event("2 a=1"));
    at.eventsOfAll([1n, 2n], 3, event("2 b=1"), event("3 a=2"));
    expect(a && (await take(a, 2, batchText))).toEqual(["2: 2 a=1; 2 b=1", "3: 3 a=2"]);
    expect(b && (await take(b, 2, batchText))).toEqual(["2: 2 b=1", "3: 3 a=2"]);
  });

  it("serves those who ask before there is anything, in turn, and tells them when it is over", async () => {
    const iterated = events(kv.watch("a"));
    const asked = [1, 2, 3, 4].map(() => iterated.next());
    const at = await stream();
    at.created(1n, 1);
    at.events(1n, 3, event("2 a=1"), event("3 a=2"));
    const [first, second] = await Promise.all(asked.slice(0, 2));
    expect([first?.value?.revision, second?.value?.revision]).toEqual([2, 3]);
    const over = { done: true, value: undefined };
    expect(await iterated.return?.()).toEqual(over);
    expect(await Promise.all(asked.slice(2))).toEqual([over, over]);
    expect(await iterated.next()).toEqual(over);
    await node.until(() => at.texts.includes("cancel 1"));
  });

  it("tells what has arrived before it says that the rest is compacted", async () => {
    const watch = kv.watch("a", { startRevision: 2 });
    const at = await stream();
    at.created(1n, 1);
    at.events(1n, 2, event("2 a=1"));
    at.cancel(1n, { code: ErrorCode.COMPACTED, message: "revision 3 is compacted", compactRevision: 9n });
    const told: string[] = [];
    const iterated = (async () => {
      for await (const one of watch) told.push(text(one));
    })();
    await expect(iterated).rejects.toMatchObject({
      code: "COMPACTED",
      message: "watch: revision 3 is compacted",
    });
    expect(told).toEqual(["2 a=1"]);
    expect(at.texts).not.toContain("cancel 1");
  });

  it("moves on when a node takes no more watches", async () => {
    const told = events(kv.watch("a"));
    const at = await stream();
    at.cancel(1n, { code: ErrorCode.RESOURCE_EXHAUSTED, message: "too many" });
    const again = await stream(1);
    const id = again.creates[0]?.watchId ?? 0n;
    again.created(id, 1);
    again.events(id, 2, event("2 a=1"));
    expect(await take(told, 1, text)).toEqual(["2 a=1"]);
  });

  it("is asked for again where a node takes no more, and disturbs none of those that the node serves", async () => {
    const clock = new ManualClock();
    await using client = new RaftKv({ endpoints: [node.address], clock });
    const served = events(client.watch("a"));
    const refused = client.watch("b");
    const at = await stream(0, 2);
    at.created(1n, 1);
    at.cancel(2n, { code: ErrorCode.RESOURCE_EXHAUSTED, message: "too many" });
    at.events(1n, 2, event("2 a=1"));
    expect(await take(served, 1, text)).toEqual(["2 a=1"]);
    expect(at.creates).toHaveLength(2);
    clock.advance(1_000);
    await stream(0, 3);
    at.created(3n, 2);
    expect(await refused.started()).toBe(2);
    expect(node.watches.streams).toHaveLength(1);
  });

  it("moves on when it has been served, and a node has not come to where history begins", async () => {
    const watch = kv.watch("a");
    const told = events(watch);
    (await stream()).created(1n, 1);
    await watch.started();
    node.breakConnections();
    const behind = await stream(1);
    const noHistory = { code: ErrorCode.NO_HISTORY, message: "no history yet" };
    behind.cancel(behind.creates[0]?.watchId ?? 0n, noHistory);
    const again = await stream(2);
    const id = again.creates[0]?.watchId ?? 0n;
    again.created(id, 1);
    again.events(id, 2, event("2 a=1"));
    expect(await take(told, 1, text)).toEqual(["2 a=1"]);
    const never = events(kv.watch("b")).next();
    const asked = await stream(2, 2);
    asked.cancel(asked.creates[1]?.watchId ?? 0n, noHistory);
    await expect(never).rejects.toMatchObject({ code: "NO_HISTORY" });
  });

  it("ends when its iteration is left, when it is closed, and when its signal fires", async () => {
    const left = kv.watch("a");
    const closed = kv.watch("b");
    const aborting = new AbortController();
    const aborted = events(kv.watch("c", { signal: aborting.signal })).next();
    const at = await stream(0, 3);
    for (const id of [1n, 2n, 3n]) at.created(id, 1);
    at.events(1n, 2, event("2 a=1"));
    for await (const _ of left) break;
    await node.until(() => at.texts.includes("cancel 1"));
    closed.close();
    await node.until(() => at.texts.includes("cancel 2"));
    expect(await events(closed).next()).toEqual({ value: undefined, done: true });
    aborting.abort("enough");
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    await node.until(() => at.texts.includes("cancel 3"));
    await expect(events(kv.watch("d", { signal: AbortSignal.abort() })).next()).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(() => left.batches()).toThrow(/iterated already/);
  });

  it("ends with the client", async () => {
    const watch = kv.watch("a");
    const next = events(watch).next();
    await kv.close();
    await expect(next).rejects.toMatchObject({ code: "CLOSED" });
    await expect(watch.started()).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => kv.watch("a")).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  it("says that no node serves it, to whoever waits for one, and goes on trying", async () => {
    const { address } = node;
    const { port } = node;
    await node.stop();
    await using client = new RaftKv({ endpoints: [address] });
    const watch = client.watch("a");
    await expect(watch.started({ timeoutMs: 50 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringMatching(/no node serves it within 50 ms/),
    });
    await using back = await ScriptedNode.start(undefined, port);
    const at = await stream(0, 1, back);
    at.created(1n, 3);
    expect(await watch.started()).toBe(3);
  });

  it("leaves a node that says nothing for long, though it answers pings", async () => {
    const clock = new ManualClock();
    const other = await ScriptedNode.start();
    await using client = new RaftKv({ endpoints: [node.address, other.address], random: () => 0, clock });
    const told = client.watch("a", { progress: true }).batches();
    const at = await stream();
    at.created(1n, 1);
    await node.until(() => node.statusCalls > 0);
    for (let revision = 2; revision < 10; revision++) {
      clock.advance(3_000);
      at.progress(0n, revision);
      expect(await take(told, 1, batchText)).toEqual([`${revision}: `]);
    }
    expect(other.connections).toBe(0);
    for (let passed = 0; passed < 20_000 && other.connections === 0; passed += 500) {
      clock.advance(500);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    const next = await stream(0, 1, other);
    expect(next.creates[0]).toMatchObject({ startRevision: 10n, minRevision: 9n });
    next.created(2n, 10);
    next.events(2n, 10, event("10 a=1"));
    expect(await take(told, 1, batchText)).toEqual(["10: 10 a=1"]);
    await other.stop();
  });

  it("marks its progress where that is wanted, with the newest mark only", async () => {
    const watch = kv.watch("a", { progress: true });
    const at = await stream();
    at.created(1n, 1);
    at.events(1n, 4, event("2 a=1"));
    at.progress(0n, 5);
    at.progress(1n, 7);
    at.progress(1n, 6);
    at.events(1n, 8, event("8 a=2"));
    const batches = watch.batches();
    await watch.started();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await take(batches, 1, batchText)).toEqual(["2: 2 a=1"]);
    const rest = await take(batches, 2, batchText);
    expect(rest.at(-1)).toBe("8: 8 a=2");
    expect(rest[0]).toMatch(/^[4567]: $/);
  });

  it.each([
    [{ prefix: "a", from: "b" }, {}, /not both/],
    ["", {}, /key is empty/],
    ["a", { startRevision: 0 }, /startRevision is 0/],
    ["a", { bufferBytes: 0 }, /bufferBytes is 0/],
  ] as const)("refuses what makes no sense: %j %j", (target, options, message) => {
    expect(() => kv.watch(target, options)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
    );
  });
});
