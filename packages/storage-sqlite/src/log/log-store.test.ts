import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { seal, unseal } from "../sealed-json.ts";
import type { Connection } from "../sqlite/connection.ts";
import { sampleEntries, twoMembers } from "../testing/sample-entries.ts";
import { decodeBlock, encodeBlocks } from "./block.ts";
import { createLog, openLogDatabase, openWitness } from "./log-database.ts";
import { LogReading } from "./log-reading.ts";
import { LogStore } from "./log-store.ts";
import type { LogWrite } from "./protocol.ts";
import { Witness } from "./witness.ts";

let folder: string;
let store: LogStore;
let connection: Connection;

// A sync for each of many commits takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raftkv-log-"));
  store = openStore();
});
afterEach(() => {
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});

function openStore(): LogStore {
  const file = join(folder, "raft.db");
  const opened = openLogDatabase(file, join(folder, "witness"));
  connection = opened.connection;
  if (opened.found === undefined) createLog(connection, file, 1, "member-1");
  const started = new LogStore(connection, file, openWitness(connection, file, join(folder, "witness")));
  started.start();
  return started;
}

function recordNamed(name: string): unknown {
  const value = connection.prepare<[string], Buffer>("SELECT value FROM meta WHERE name = ?").pluck().get(name);
  return value && unseal(value);
}

function write(change: Partial<LogWrite>): LogWrite {
  return { kind: "write", hardState: undefined, resetTo: undefined, truncateFrom: undefined, append: [], ...change };
}

function append(from: number, to: number, term = 1): LogWrite {
  return write({ append: encodeBlocks(sampleEntries(from, to, term)) });
}

it("makes a group of changes durable with one commit, and stores its entries in one row", () => {
  const before = store.status().sequence;
  store.apply([append(1, 3), append(4, 4), append(5, 9, 2)]);
  expect(store.status().sequence).toBe(before + 1);
  const blocks = new LogReading(connection, "raft.db").read(1, 9, Number.POSITIVE_INFINITY);
  expect(blocks.map(({ first, last, runs }) => ({ first, last, runs }))).toEqual([
    {
      first: 1,
      last: 9,
      runs: [
        { from: 1, term: 1 },
        { from: 5, term: 2 },
      ],
    },
  ]);
});

it("carries out a group in order: what is appended and cut off again in the same group is gone", () => {
  store.apply([
    append(1, 10),
    write({ truncateFrom: 4, append: encodeBlocks(sampleEntries(4, 6, 2)) }),
    { kind: "compact", base: { index: 2, term: 1, membership: twoMembers } },
    append(7, 8, 3),
  ]);
  const entries = new LogReading(connection, "raft.db")
    .read(3, 99, Number.POSITIVE_INFINITY)
    .flatMap((block) => decodeBlock(block, "raft.db"));
  expect(entries.map(({ index, term }) => `${index}/${term}`)).toEqual(["3/1", "4/2", "5/2", "6/2", "7/3", "8/3"]);
  expect(store.load().termRuns).toEqual([
    { from: 3, term: 1 },
    { from: 4, term: 2 },
    { from: 7, term: 3 },
  ]);
});

it("refuses what would tear the log", () => {
  store.apply([append(1, 10, 2)]);
  const torn: readonly [string, Parameters<LogStore["apply"]>[0], RegExp][] = [
    ["a gap", [append(12, 13, 2)], /entry 12 of term 2 cannot follow entry 10 of term 2/],
    ["an overlap", [append(10, 11, 2)], /entry 10 of term 2 cannot follow entry 10/],
    ["a term that goes back", [append(11, 12, 1)], /entry 11 of term 1 cannot follow entry 10 of term 2/],
    [
      "compacting past the end",
      [{ kind: "compact", base: { index: 11, term: 2, membership: twoMembers } }],
      /not in there/,
    ],
    [
      "compacting to another term",
      [{ kind: "compact", base: { index: 5, term: 1, membership: twoMembers } }],
      /not in there/,
    ],
    ["forming over a log", [{ kind: "form", clusterId: "late", membership: twoMembers }], /empty log only/],
  ];
  for (const [what, changes, message] of torn) {
    expect(() => store.apply(changes), what).toThrow(message);
    connection.close(); // as at a kill: what was not committed is gone
    store = openStore();
    expect(store.load().lastIndex, `after ${what}`).toBe(10);
  }
  store.apply([{ kind: "compact", base: { index: 5, term: 2, membership: twoMembers } }]);
  expect(() => store.apply([write({ truncateFrom: 5 })])).toThrow(/compacted/);
});

it("frees what was compacted bit by bit, so that neither the database nor its write-ahead log grows without bound", () => {
  const payload = new Uint8Array(20_000);
  const longestLog = 50;
  for (let index = 1; index <= 1_500; index++) {
    store.apply([write({ append: encodeBlocks([{ kind: "command", index, term: 1, payload }]) })]);
    if (index % longestLog === 0) {
      store.apply([{ kind: "compact", base: { index: index - 5, term: 1, membership: twoMembers } }]);
    }
    store.checkpointIfLong();
  }
  expect(store.status().usage).toEqual({ logBytes: 5 * 20_005, firstIndex: 1496, lastIndex: 1500 });
  const mebibyte = 1024 * 1024;
  expect(statSync(join(folder, "raft.db")).size, "30 MB went through").toBeLessThan(4 * mebibyte);
  expect(statSync(join(folder, "raft.db-wal")).size).toBeLessThan(5 * mebibyte);
  store.close();
  store = openStore();
  expect(store.load()).toMatchObject({ lastIndex: 1500, base: { index: 1495 } });
});

it("writes its witness with each commit, and never ahead of one", () => {
  const file = join(folder, "witness");
  for (let index = 1; index <= 5; index++) {
    store.apply([append(index, index)]);
    const { sequence } = store.status();
    expect(Witness.read(file)).toEqual({ memberId: "member-1", sequence, lastIndex: index, lastTerm: 1 });
  }
  const seen = Witness.read(file);
  expect(() => store.apply([append(6, 6), append(9, 9)])).toThrow();
  expect(Witness.read(file), "nothing was committed").toEqual(seen);
});

it("reads what a version before this one has written of a vote, and writes nothing that such a version cannot read", () => {
  const vote = { term: 3, votedFor: 2, commit: 0 };
  store.apply([write({ hardState: { ...vote, votedForMemberId: "member-2" } })]);
  const { sequence, ...head } = Object(recordNamed("head"));
  expect(head).toEqual({
    hardState: { ...vote, votedForMemberId: "member-2" },
    lastIndex: 0,
    lastTerm: 0,
    logBytes: 0,
  });
  expect(connection.pragma("user_version", { simple: true })).toBe(1);
  connection.prepare("UPDATE meta SET value = ? WHERE name = 'head'").run(seal({ ...head, sequence, hardState: vote }));
  store.close();
  store = openStore();
  expect(store.load().hardState).toEqual(vote);
  store.apply([write({ hardState: { ...vote, term: 4, votedForMemberId: "member-2" } })]);
  expect(store.load().hardState).toEqual({ ...vote, term: 4, votedForMemberId: "member-2" });
});
