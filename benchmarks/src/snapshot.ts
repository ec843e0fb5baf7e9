import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RaftKv } from "@raftkv/kv-client";
import { freePorts } from "./free-ports.ts";
import { keyOf, value } from "./key-value.ts";
import { type Measurement, measure } from "./measure.ts";
import { WatchedNode } from "./watched-node.ts";

// A state of so many MiB goes to a node that was away, beside puts from ten callers: what each costs the other.
const mebibytes = Number(process.argv[2] ?? "64");
if (!Number.isSafeInteger(mebibytes) || mebibytes < 1 || mebibytes > 1024) {
  console.error(`MiB of state: found ${process.argv[2]}, expected a whole number from 1 to 1024`);
  process.exit(2);
}
const MIB = 1024 * 1024;
const ids = [1, 2, 3];
/** A put under load, or a whole snapshot, on a machine that is busy with other work. */
const patienceMs = 300_000;
const loadMs = 5_000;
const cases = [
  { bound: "none", sender: "a follower", settings: {} },
  { bound: "none", sender: "the leader", settings: { from_followers: false } },
  { bound: "16 MiB/s", sender: "a follower", settings: { max_bytes_per_second: 16 * MIB } },
] as const;

const folder = mkdtempSync(join(tmpdir(), "raftkv-snapshot-"));
const endpoints = (await freePorts(ids.length)).map((port) => `127.0.0.1:${port}`);
const config = join(folder, "cluster.conf");
const running = new Map<number, WatchedNode>();

function start(id: number): WatchedNode {
  const node = new WatchedNode(id, config, folder);
  running.set(id, node);
  return node;
}

async function stopAll(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  await Promise.all([...running.values()].map((node) => node.stop(signal)));
}

async function startAll(settings: Readonly<Record<string, unknown>>): Promise<RaftKv> {
  await stopAll("SIGTERM");
  const nodes = ids.map((id, place) => ({ id, address: endpoints[place] }));
  writeFileSync(config, JSON.stringify({ nodes, snapshot: { entries: 200, tail_entries: 20, ...settings } }));
  for (const id of ids) start(id);
  const kv = new RaftKv({ endpoints, timeoutMs: patienceMs });
  await kv.put("ready", value);
  return kv;
}

function leader(): WatchedNode {
  const leaders = [...running.values()].filter(({ leadsInTerm }) => leadsInTerm !== undefined);
  const newest = leaders.sort((one, other) => (other.leadsInTerm ?? 0) - (one.leadsInTerm ?? 0))[0];
  if (newest === undefined) throw new Error("nobody leads");
  return newest;
}

async function fill(): Promise<void> {
  await using kv = await startAll({});
  const large = Uint8Array.from({ length: MIB / 4 }, (_, place) => Math.imul(place, 2654435761) >>> 24);
  for (let key = 0; key < mebibytes * 4; key += 1) await kv.put(`large/${key}`, large);
}

function load(kv: RaftKv, name: string, durationMs: number): Promise<Measurement> {
  const operation = (caller: number, count: number) => kv.put(keyOf(caller, count), value);
  return measure({ name, callers: 10, warmUpMs: 0, durationMs, operation });
}

/** Puts in pieces of a second, until the snapshot is there. */
async function loadUntil(kv: RaftKv, end: Promise<unknown>): Promise<readonly Measurement[]> {
  const pieces: Measurement[] = [];
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  while (!isOver && pieces.length * 1_000 < patienceMs) pieces.push(await load(kv, "during", 1_000));
  await over;
  return pieces;
}

function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function run({ bound, sender, settings }: (typeof cases)[number]): Promise<string> {
  await using kv = await startAll(settings);
  const [leads, away] = [leader(), ids.find((id) => id !== leader().id) ?? 0];
  await running.get(away)?.stop("SIGTERM");
  for (let write = 0; write < 700; write += 1) await kv.put(`missed/${write % 100}`, value);
  await leads.saw("compacted", patienceMs);
  await leads.takeStalls();
  const before = await load(kv, "before", loadMs);
  const quiet = await leads.takeStalls();
  const back = start(away);
  const begun = await back.saw("snapshot-receiving", patienceMs);
  const during = await loadUntil(kv, back.saw("snapshot-received", patienceMs));
  const stalls = await leads.takeStalls();
  const megabytes = Number(begun.bytes) / 1e6;
  const seconds = ((await back.saw("snapshot-received", patienceMs)).atMs - begun.atMs) / 1_000;
  return [
    bound,
    `${sender}${(begun.from === leads.id) === (sender === "the leader") ? "" : " was asked, another one did"}`,
    (megabytes / seconds).toFixed(1),
    `${Math.round(before.perSecond)}, ${Math.round(median(during.map(({ perSecond }) => perSecond)))}`,
    `${before.p50Ms.toFixed(1)}, ${median(during.map(({ p50Ms }) => p50Ms)).toFixed(1)}`,
    `${before.p99Ms.toFixed(1)}, ${median(during.map(({ p99Ms }) => p99Ms)).toFixed(1)}`,
    `${quiet.p999Ms.toFixed(1)}, ${stalls.p999Ms.toFixed(1)}`,
    `${quiet.maxMs.toFixed(1)}, ${stalls.maxMs.toFixed(1)}`,
  ].join(" | ");
}

try {
  await fill();
  console.log(
    "| bound | sent by | MB/s | puts/s before, during | p50 ms before, during | p99 ms before, during | leader's stalls p99.9 ms before, during | longest ms before, during |",
  );
  console.log("| --- | --- | --: | --: | --: | --: | --: | --: |");
  for (const each of cases) console.log(`| ${await run(each)} |`);
} finally {
  await stopAll("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
