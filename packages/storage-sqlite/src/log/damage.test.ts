import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@raftkv/raft-core/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runningError } from "../sqlite/sqlite-error.ts";
import { flipBit } from "../testing/flip.ts";
import { sampleEntries, twoMembers } from "../testing/sample-entries.ts";
import { decodeBlock, encodeBlocks } from "./block.ts";
import { createLog, openLogDatabase, openWitness } from "./log-database.ts";
import { LogReading } from "./log-reading.ts";
import { LogStore } from "./log-store.ts";
import type { LogChange, LogWrite } from "./protocol.ts";

// Hundreds of databases take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Log databases without their threads, so that hundreds of them can be damaged and opened. */
let folder: string;
let original: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raftkv-damage-"));
  original = join(folder, "original");
  mkdirSync(original);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function openStore(place: string): LogStore {
  const file = join(place, "raft.db");
  const { connection, found } = openLogDatabase(file, join(place, "witness"));
  try {
    if (found === undefined) createLog(connection, file, 1, "member-1");
    const store = new LogStore(connection, file, openWitness(connection, file, join(place, "witness")));
    store.start();
    return store;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function append(from: number, to: number, term: number): LogWrite {
  return {
    kind: "write",
    hardState: { term, votedFor: 1, commit: from - 1 },
    resetTo: undefined,
    truncateFrom: undefined,
    append: encodeBlocks(sampleEntries(from, to, term)),
  };
}

const form: LogChange = { kind: "form", clusterId: "cluster-a", membership: twoMembers };

/** A log of many commits, with a compaction and a truncation behind it. */
function fill(store: LogStore): void {
  store.apply([form]);
  for (let from = 1; from <= 400; from += 4) store.apply([append(from, from + 3, 1 + Math.floor(from / 100))]);
  store.apply([{ kind: "compact", base: { index: 90, term: 1, membership: twoMembers } }]);
  store.apply([{ ...append(380, 420, 9), truncateFrom: 380 }]);
}

function contentOf(store: LogStore, place: string): unknown {
  const state = store.load();
  const reading = LogReading.open(join(place, "raft.db"));
  const blocks = reading.read(state.base.index + 1, state.lastIndex, Number.POSITIVE_INFINITY);
  reading.close();
  const entries = blocks.flatMap((block) => decodeBlock(block, "raft.db"));
  return { state, entries: entries.map((entry) => JSON.stringify(entry)) };
}

/** A copy of the files as they are now: also of a database in use, as a kill would leave it. */
function copyOf(source: string, name: string): string {
  const copy = join(folder, name);
  cpSync(source, copy, { recursive: true });
  return copy;
}

/** What opening and reading everything comes to. */
function outcomeOf(place: string): { readonly content: unknown } | { readonly code: string; readonly message: string } {
  let store: LogStore | undefined;
  try {
    store = openStore(place);
    return { content: contentOf(store, place) };
  } catch (error) {
    const { code, message } = runningError(error, join(place, "raft.db"), "reading");
    return { code, message };
  } finally {
    store?.close();
  }
}

interface Flips {
  readonly place: string;
  readonly file: string;
  readonly rounds: number;
  readonly seed: number;
  /** What must be read wherever the damage is not found. */
  readonly content: unknown;
}

/** Flips one bit of a fresh copy, many times, a fifth of them in the file's header. Counts how it was found. */
function flipBits({ place, file, rounds, seed, content }: Flips): ReadonlyMap<string, number> {
  const random = seededRandom(seed);
  const bits = statSync(join(place, file)).size * 8;
  const headerBits = 100 * 8;
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const copy = copyOf(place, "flipped");
    const position = Math.floor(random.next() * (round % 5 === 0 ? headerBits : bits));
    flipBit(join(copy, file), position);
    const outcome = outcomeOf(copy);
    if ("content" in outcome) expect(outcome.content, `bit ${position}`).toEqual(content);
    else expect(outcome.code, `bit ${position}: ${outcome.message}`).toMatch(/^(corrupt|newerFormat)$/);
    const how = "code" in outcome ? outcome.code : "same";
    counts.set(how, (counts.get(how) ?? 0) + 1);
    rmSync(copy, { recursive: true });
  }
  return counts;
}

function expectCorrupt(place: string, message: RegExp): void {
  expect(outcomeOf(place)).toMatchObject({ code: "corrupt", message: expect.stringMatching(message) });
}

it("finds every flipped bit of the database, or reads what was written", () => {
  const store = openStore(original);
  fill(store);
  const content = contentOf(store, original);
  store.close();
  const found = flipBits({ place: original, file: "raft.db", rounds: 150, seed: 11, content });
  expect(found.get("corrupt")).toBeGreaterThan(40);
});

it("finds every flipped bit of the write-ahead log: SQLite alone reads it as a shorter log", () => {
  const store = openStore(original);
  fill(store);
  const content = contentOf(store, original);
  const killed = copyOf(original, "killed");
  store.close();
  expect(outcomeOf(copyOf(killed, "undamaged"))).toEqual({ content });
  const found = flipBits({ place: killed, file: "raft.db-wal", rounds: 80, seed: 12, content });
  expect(found.get("corrupt")).toBeGreaterThan(40);
});

it("misses a write-ahead log that is gone", () => {
  const store = openStore(original);
  fill(store);
  const killed = copyOf(original, "killed");
  store.close();
  rmSync(join(killed, "raft.db-wal"));
  expectCorrupt(killed, /ends with commit \d+ .* but commit \d+ was durable \(last entry: index 420, term 9\)/);
});

it("misses the end of a write-ahead log, down to the last commit", () => {
  const store = openStore(original);
  fill(store);
  const killed = copyOf(original, "killed");
  store.close();
  truncateSync(join(killed, "raft.db-wal"), statSync(join(killed, "raft.db-wal")).size - 1);
  expectCorrupt(killed, /ends with commit/);
});

it("recognises an old copy of the database", () => {
  const store = openStore(original);
  store.apply([form]);
  store.apply([append(1, 10, 1)]);
  store.close();
  copyFileSync(join(original, "raft.db"), join(folder, "old.db"));
  const again = openStore(original);
  again.apply([append(11, 12, 1)]);
  again.close();
  copyFileSync(join(folder, "old.db"), join(original, "raft.db"));
  expectCorrupt(original, /ends with commit \d+ \(last entry: index 10, term 1\)/);
  expectCorrupt(original, /an old copy was put in its place/);
});

it("misses a database that is gone or empty", () => {
  const store = openStore(original);
  fill(store);
  store.close();
  const gone = copyOf(original, "gone");
  rmSync(join(gone, "raft.db"));
  expectCorrupt(gone, /is empty, though .*witness has seen its log reach index 420/);
  truncateSync(join(original, "raft.db"), 0);
  expectCorrupt(original, /is empty/);
});

it("recognises a database that lost its end", () => {
  const store = openStore(original);
  fill(store);
  store.close();
  truncateSync(join(original, "raft.db"), statSync(join(original, "raft.db")).size - 3 * 4096);
  expectCorrupt(original, /malformed|missing|checksum/);
});

it("wants its witness, and at least one whole record in it", () => {
  const store = openStore(original);
  fill(store);
  store.close();
  const gone = copyOf(original, "gone");
  rmSync(join(gone, "witness"));
  expectCorrupt(gone, /witness is damaged: it is missing/);
  flipBit(join(original, "witness"), 100);
  expect(outcomeOf(copyOf(original, "one"))).toHaveProperty("content");
  flipBit(join(original, "witness"), 4096 * 8 + 100);
  expectCorrupt(original, /neither of its two records/);
});

it("never accuses a database that was killed at any moment", () => {
  const store = openStore(original);
  store.apply([form]);
  for (let index = 1; index <= 60; index++) {
    store.apply([append(index, index, 1)]);
    if (index % 20 === 0) store.checkpointIfLong();
    const witnessBefore = readFileSync(join(original, "witness"));
    const place = copyOf(original, `killed-${index}`);
    expect(outcomeOf(place), `killed after commit ${index}`).toHaveProperty("content");
    expect(witnessBefore.byteLength).toBe(4096 + 512);
    rmSync(place, { recursive: true });
  }
  store.close();
});
