import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { StorageError } from "@raftkv/raft-core";
import { patternBytes } from "@raftkv/raft-core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FailStop } from "../fail-stop.ts";
import { flipBit } from "../testing/flip.ts";
import { twoMembers } from "../testing/sample-entries.ts";
import { Scratch } from "../testing/scratch.ts";
import { SnapshotDirectory } from "./snapshot-directory.ts";

const metadata = { index: 9, term: 4, membership: twoMembers };
const chunks = [patternBytes(3000, 1), patternBytes(2000, 2), patternBytes(1000, 3)];
const whole = Buffer.concat(chunks);
const content = { bytes: whole.byteLength, digest: createHash("sha256").update(whole).digest("hex") };

let scratch: Scratch;
let folder: string;
const open: SnapshotDirectory[] = [];
beforeEach(async () => {
  scratch = await Scratch.make();
  folder = scratch.file("snapshots");
  mkdirSync(folder, { recursive: true });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((snapshots) => snapshots.close()));
  await scratch.remove();
});

async function start(): Promise<SnapshotDirectory> {
  const snapshots = new SnapshotDirectory(folder, new FailStop());
  open.push(snapshots);
  await snapshots.clean();
  return snapshots;
}

/** Leaves a file with the first two chunks behind, and says where it lies. */
async function brokenOff(): Promise<string> {
  const snapshots = await start();
  const sink = await snapshots.receive({ metadata, content, from: 0 });
  for (const chunk of chunks.slice(0, 2)) await sink.write(chunk);
  await snapshots.close();
  expect(readdirSync(folder)).toEqual(["incoming.partial"]);
  return scratch.file("snapshots", "incoming.partial");
}

async function heldBytes(snapshots: SnapshotDirectory): Promise<number | undefined> {
  return (await snapshots.partial())?.bytes;
}

it("keeps one file, which becomes the snapshot", async () => {
  await brokenOff();
  const snapshots = await start();
  expect(await heldBytes(snapshots)).toBe(5000);
  const sink = await snapshots.receive({ metadata, content, from: 5000 });
  await sink.write(chunks[2] ?? new Uint8Array());
  await sink.commit();
  expect(readdirSync(folder)).toEqual(["9-4.snapshot"]);
  const source = await snapshots.open();
  expect(source?.content).toEqual(content);
  await source?.close();
});

it("counts no byte of a chunk that a crash has torn, and cuts it off", async () => {
  const file = await brokenOff();
  const size = statSync(file).size;
  for (const [torn, held] of [
    [size - 1, 3000],
    [size - 2000, 3000],
    [size - 2007, 3000],
    [size - 2009, 0],
  ] as const) {
    writeFileSync(file, readFileSync(file));
    truncateSync(file, torn);
    const snapshots = await start();
    expect(await heldBytes(snapshots), `cut to ${torn}`).toBe(held);
    await snapshots.close();
    await brokenOffAgain();
  }

  async function brokenOffAgain(): Promise<void> {
    const snapshots = await start();
    await snapshots.removePartial();
    await snapshots.close();
    await brokenOff();
  }
});

it("trusts nothing behind a chunk in which a bit has flipped, or zeros that a crash has left", async () => {
  const file = await brokenOff();
  appendFileSync(file, new Uint8Array(500));
  const zeros = await start();
  expect(await heldBytes(zeros)).toBe(5000);
  await zeros.close();
  flipBit(file, (statSync(file).size - 3000) * 8);
  const flipped = await start();
  expect(await heldBytes(flipped)).toBe(0);
  const sink = await flipped.receive({ metadata, content, from: 0 });
  await sink.write(whole);
  await sink.commit();
});

it("removes a file that does not say what it is part of", async () => {
  const file = await brokenOff();
  truncateSync(file, 20);
  const snapshots = await start();
  expect(snapshots.fileBytes).toBe(20);
  expect(await snapshots.partial()).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  expect(snapshots.fileBytes).toBe(0);
});

it("knows what the file takes up before it has looked into it", async () => {
  const file = await brokenOff();
  const snapshots = await start();
  expect(snapshots.fileBytes).toBe(statSync(file).size);
});

it("takes no snapshot in for which there is no room, and harms nothing", async () => {
  await brokenOff();
  let free = 999;
  const snapshots = new SnapshotDirectory(folder, new FailStop(), async () => free);
  open.push(snapshots);
  await snapshots.clean();
  const refused = expect.stringMatching(/no room .* 1000 bytes are to come, and .* has 999 free/);
  await expect(snapshots.receive({ metadata, content, from: 5000 })).rejects.toMatchObject({ message: refused });
  expect(await heldBytes(snapshots)).toBe(5000);
  // What is kept would make room for one that begins anew.
  const sink = await snapshots.receive({ metadata, content, from: 0 });
  await sink.abort();
  free = 5999;
  await expect(snapshots.receive({ metadata, content, from: 0 })).rejects.not.toBeInstanceOf(StorageError);
  free = 6000;
  const whole = await snapshots.receive({ metadata, content, from: 0 });
  for (const chunk of chunks) await whole.write(chunk);
  await whole.commit();
});

it("leaves nothing behind the whole of what a crash had left behind a part", async () => {
  const file = await brokenOff();
  appendFileSync(file, new Uint8Array(10_000));
  const snapshots = await start();
  expect(await heldBytes(snapshots)).toBe(5000);
  const sink = await snapshots.receive({ metadata, content, from: 5000 });
  await sink.write(chunks[2] ?? new Uint8Array());
  await sink.commit();
  const source = await snapshots.open();
  expect(source?.content).toEqual(content);
  await source?.close();
});
