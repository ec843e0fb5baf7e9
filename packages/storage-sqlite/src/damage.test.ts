import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patternBytes, seededRandom } from "@raftkv/raft-core/testing";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SnapshotFileReader } from "./snapshots/snapshot-file-reader.ts";
import { flipBit } from "./testing/flip.ts";
import { bytes, payloadOf, sampleEntries, twoMembers } from "./testing/sample-entries.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

describe("the log", () => {
  it("with a flipped bit in an entry: load refuses, tells the node, and the message says the way out", async () => {
    const { raft } = await scratch.open();
    await raft.write({ id: 1, append: sampleEntries(1, 30, 1) });
    await scratch.closeAll();
    corruptText(scratch.file("logs", "raft.db"), payloadOf(22, 1));
    const reopened = await scratch.open();
    const load = reopened.raft.load();
    await expect(load).rejects.toMatchObject({
      code: "corrupt",
      message: expect.stringMatching(
        /raft\.db is damaged: the checksum of the log block .* leave it down, .* as a new member/,
      ),
    });
    await expect(reopened.raft.entries(1, 1, 10)).rejects.toBe(scratch.failures[0]);
  });

  it("put back to an old copy together with its witness: the state remembers", async () => {
    const first = await scratch.open();
    await first.raft.write({ id: 1, append: sampleEntries(1, 10, 1) });
    await scratch.closeAll();
    const files = [scratch.file("logs", "raft.db"), scratch.file("logs", "witness")];
    const old = files.map((file) => readFileSync(file));
    const second = await scratch.open();
    for (let id = 1; id <= 2; id++) await second.raft.write({ id, append: sampleEntries(10 + id, 10 + id, 1) });
    await second.state.write({ appliedIndex: 12, changes: [] });
    await scratch.closeAll();
    for (const [position, file] of files.entries()) writeFileSync(file, old[position] ?? "");
    for (let attempt = 1; attempt <= 4; attempt++) {
      await expect(scratch.open(), `attempt ${attempt}`).rejects.toMatchObject({
        code: "corrupt",
        message: expect.stringMatching(/raft\.db is damaged: it ends with commit \d+, but .*kv\.db was written when/),
      });
    }
  });

  it("that was in use and has lost its write-ahead log and its witness is never taken for a fresh one", async () => {
    const { raft } = await scratch.open();
    await raft.form("cluster-a", twoMembers);
    await raft.write({ id: 1, hardState: { term: 4, votedFor: 2, commit: 0 }, append: [] });
    const copy = `${scratch.dataDir}-copy`;
    cpSync(scratch.dataDir, copy, { recursive: true });
    for (const lost of ["raft.db-wal", "witness"]) rmSync(join(copy, "logs", lost));
    await expect(scratch.open({ dataDir: copy })).rejects.toMatchObject({
      code: "corrupt",
      message: expect.stringMatching(/witness is damaged: it is missing, though .*raft\.db has been in use/),
    });
  });

  it("of another member beside the state is refused", async () => {
    await scratch.open();
    await scratch.closeAll();
    rmSync(scratch.file("logs"), { recursive: true });
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect(scratch.open()).rejects.toMatchObject({
        code: "corrupt",
        message: expect.stringContaining("it is the state of member member-1, but the log"),
      });
    }
  });
});

describe("the state", () => {
  async function filled(): Promise<void> {
    const { state } = await scratch.open();
    const changes = Array.from({ length: 500 }, (_, row) => ({
      key: bytes(`key-${1000 + row}`),
      value: bytes(`value of row ${1000 + row} `.repeat(5)),
    }));
    await state.write({ appliedIndex: 9, changes });
    await scratch.closeAll();
  }

  it("with a flipped bit in a value: reading it is refused, by key, in a scan and in a view", async () => {
    await filled();
    corruptText(scratch.file("state", "kv.db"), bytes("value of row 1234 value"));
    for (const read of [
      (s: Scratch) => s.open().then(({ state }) => state.getMany([bytes("key-1234")])),
      (s: Scratch) =>
        s.open().then(({ state }) => state.scan({ from: bytes("key-1230"), to: undefined, limit: 9, maxBytes: 1e6 })),
      async (s: Scratch) => {
        const view = await (await s.open()).state.view();
        for await (const rows of view.rows()) expect(rows.length).toBeGreaterThan(0);
      },
    ]) {
      scratch.failures.length = 0;
      await expect(read(scratch)).rejects.toMatchObject({
        code: "corrupt",
        message: expect.stringMatching(/kv\.db is damaged: the checksum of the value under the key 0x6b65792d31323334/),
      });
      expect(scratch.failures.length, "the node is told").toBe(1);
      await scratch.closeAll();
    }
  });

  it("with a flipped bit in a key is refused: the value belongs to another one", async () => {
    await filled();
    corruptText(scratch.file("state", "kv.db"), bytes("key-1234"));
    const scan = scratch
      .open()
      .then(({ state }) => state.scan({ from: bytes("key"), to: undefined, limit: 1000, maxBytes: 1e7 }));
    await expect(scan).rejects.toMatchObject({ code: "corrupt" });
  });

  it("with rows that have slipped out of a page is refused at the start", async () => {
    await filled();
    const page = leafPageWith(scratch.file("state", "kv.db"), "value of row 1234");
    const content = readFileSync(scratch.file("state", "kv.db"));
    content.writeUInt16BE(content.readUInt16BE(page + 3) - 2, page + 3); // the page's count of cells
    writeFileSync(scratch.file("state", "kv.db"), content);
    await expect(scratch.open()).rejects.toMatchObject({ code: "corrupt", message: expect.stringContaining("kv.db") });
  });

  it("cut short is refused at the start", async () => {
    await filled();
    truncateSync(scratch.file("state", "kv.db"), statSync(scratch.file("state", "kv.db")).size - 4096);
    await expect(scratch.open()).rejects.toMatchObject({ code: "corrupt", message: expect.stringContaining("kv.db") });
  });

  it("that is another program's database is refused", async () => {
    await scratch.open();
    await scratch.closeAll();
    rmSync(scratch.file("state", "kv.db"));
    const other = new Database(scratch.file("state", "kv.db"));
    other.exec("CREATE TABLE songs (title TEXT)");
    other.close();
    await expect(scratch.open()).rejects.toMatchObject({ code: "corrupt", message: expect.stringContaining("kv.db") });
  });
});

describe("a snapshot", () => {
  it("with any flipped bit is refused, at opening or at the chunk it lies in", async () => {
    const { raft } = await scratch.open();
    const chunks = [patternBytes(300, 1), patternBytes(2000, 2), patternBytes(1, 3)];
    await raft.saveSnapshot({
      metadata: { index: 9, term: 4, membership: twoMembers },
      async *read() {
        yield* chunks;
      },
      async close() {},
    });
    const file = scratch.file("snapshots", "9-4.snapshot");
    const random = seededRandom(5);
    for (let round = 0; round < 200; round++) {
      const position = Math.floor(random.next() * statSync(file).size * 8);
      flipBit(file, position);
      await expect(readWhole(file), `bit ${position}`).rejects.toMatchObject({ code: "corrupt" });
      flipBit(file, position);
    }
    expect((await readWhole(file)).equals(Buffer.concat(chunks))).toBe(true);
    for (let size = statSync(file).size - 1; size > 0; size -= 97) {
      truncateSync(file, size);
      await expect(readWhole(file), `cut to ${size}`).rejects.toMatchObject({ code: "corrupt" });
    }
    await expect(raft.openSnapshot()).rejects.toMatchObject({ code: "corrupt", name: "StorageError" });
    expect(scratch.failures, "it can be made anew, or received").toEqual([]);
  });
});

async function readWhole(file: string): Promise<Buffer> {
  const reader = await SnapshotFileReader.open(file, () => undefined);
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of reader.read()) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await reader.close();
  }
}

/** Flips a bit in the middle of where `text` lies in the file. */
function corruptText(file: string, text: Uint8Array): void {
  const position = readFileSync(file).indexOf(text);
  expect(position, "the text lies in one piece in the file").toBeGreaterThan(0);
  flipBit(file, (position + Math.min(text.byteLength, 40) - 1) * 8);
}

function leafPageWith(file: string, text: string): number {
  const position = readFileSync(file).indexOf(text);
  expect(position).toBeGreaterThan(0);
  return position - (position % 4096);
}
