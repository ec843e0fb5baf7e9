import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

it("lays the data out in folders", async () => {
  const { raft, state } = await scratch.open();
  await raft.write({ id: 1, append: [{ kind: "noop", index: 1, term: 1 }] });
  await raft.saveSnapshot({
    metadata: { index: 7, term: 2, membership: { voters: [], outgoingVoters: [], learners: [], members: [] } },
    async *read() {},
    async close() {},
  });
  await Promise.all([raft.close(), state.close()]);
  for (const path of [
    ["logs", "raft.db"],
    ["logs", "witness"],
    ["snapshots", "7-2.snapshot"],
    ["state", "kv.db"],
    ["lock"],
  ]) {
    await expect(rm(scratch.file(...path)), path.join("/")).resolves.toBeUndefined();
  }
});

it("refuses a directory of another node, says whose it is, and leaves nothing locked", async () => {
  await scratch.open();
  await scratch.closeAll();
  await expect(scratch.open({ nodeId: 2 })).rejects.toMatchObject({
    code: "wrongOwner",
    message: expect.stringMatching(/belongs to node 1, but this is node 2/),
  });
  expect((await scratch.open()).raft.identity()).toMatchObject({ nodeId: 1, memberId: "member-1", incarnation: 2 });
});

it.each([
  ["logs", "raft.db"],
  ["state", "kv.db"],
])("refuses a later format in %s/%s, and leaves it as it is", async (...path) => {
  await scratch.open();
  await scratch.closeAll();
  setUserVersion(scratch.file(...path), 2);
  await expect(scratch.open()).rejects.toMatchObject({
    code: "newerFormat",
    message: expect.stringMatching(/format 2; this version of raftkv reads formats up to 1/),
  });
  setUserVersion(scratch.file(...path), 1);
  expect((await scratch.open()).raft.identity().incarnation).toBe(2);
});

it("refuses a place that is not a folder, with the path in the message", async () => {
  const file = join(scratch.dataDir, "..", "file");
  await writeFile(file, "");
  const dataDir = join(file, "data");
  await expect(scratch.open({ dataDir })).rejects.toMatchObject({
    code: "unwritable",
    message: expect.stringContaining(dataDir),
  });
});

it.runIf(existsSync("/proc/self"))("refuses a place where the system makes no folders", async () => {
  await expect(scratch.open({ dataDir: "/proc/raftkv/data" })).rejects.toMatchObject({
    code: "unwritable",
    message: expect.stringContaining("/proc/raftkv"),
  });
});

it("refuses a place where a file's name is taken by a folder", async () => {
  await mkdir(scratch.file("logs", "raft.db"), { recursive: true });
  await expect(scratch.open()).rejects.toMatchObject({ code: "unwritable" });
});

it("removes half written snapshots", async () => {
  await mkdir(scratch.file("snapshots"), { recursive: true });
  await writeFile(scratch.file("snapshots", "9-1.snapshot.1.part"), "half");
  const { raft } = await scratch.open();
  expect(await raft.openSnapshot()).toBeUndefined();
  await expect(rm(scratch.file("snapshots", "9-1.snapshot.1.part"))).rejects.toMatchObject({ code: "ENOENT" });
});

function setUserVersion(file: string, version: number): void {
  const connection = new Database(file);
  connection.pragma(`user_version = ${version}`);
  connection.close();
}
