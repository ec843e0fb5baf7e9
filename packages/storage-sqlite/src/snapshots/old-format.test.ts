import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { patternBytes } from "@raftkv/raft-core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FailStop } from "../fail-stop.ts";
import { seal } from "../sealed-json.ts";
import { flipBit } from "../testing/flip.ts";
import { twoMembers } from "../testing/sample-entries.ts";
import { Scratch } from "../testing/scratch.ts";
import { SnapshotDirectory } from "./snapshot-directory.ts";

const metadata = { index: 9, term: 4, membership: twoMembers };
const chunks = [patternBytes(3000, 1), patternBytes(2000, 2)];
const whole = Buffer.concat(chunks);

/** As the version before SHA-256 wrote it, byte by byte: what is read here must not change with what is written now. */
function oldFile(): Buffer {
  const header = seal(metadata);
  const start = Buffer.alloc(12);
  start.write("RKVSNAP1", "latin1");
  start.writeUInt32LE(header.byteLength, 8);
  const framed = chunks.flatMap((chunk, number) => {
    const place = Buffer.alloc(12);
    place.writeDoubleLE(number, 0);
    place.writeUInt32LE(chunk.byteLength, 8);
    const frame = Buffer.alloc(8);
    frame.writeUInt32LE(chunk.byteLength, 0);
    frame.writeUInt32LE(crc32(chunk, crc32(place)), 4);
    return [frame, chunk];
  });
  const trailer = Buffer.alloc(24);
  trailer.writeDoubleLE(chunks.length, 8);
  trailer.writeDoubleLE(whole.byteLength, 16);
  trailer.writeUInt32LE(crc32(trailer.subarray(8)), 4);
  return Buffer.concat([start, header, ...framed, trailer]);
}

let scratch: Scratch;
let file: string;
let snapshots: SnapshotDirectory;
beforeEach(async () => {
  scratch = await Scratch.make();
  mkdirSync(scratch.file("snapshots"), { recursive: true });
  file = scratch.file("snapshots", "9-4.snapshot");
  writeFileSync(file, oldFile());
  snapshots = new SnapshotDirectory(scratch.file("snapshots"), new FailStop());
  await snapshots.clean();
});
afterEach(async () => {
  await snapshots.close();
  await scratch.remove();
});

it("reads a file of the version before, names its bytes, and goes on in it", async () => {
  const source = await snapshots.open();
  expect(source?.metadata).toEqual(metadata);
  const digest = createHash("sha256").update(whole).digest("hex");
  expect(source?.content).toEqual({ bytes: whole.byteLength, digest });
  for (const from of [0, 1000, 3000, 4000]) {
    const read: Uint8Array[] = [];
    for await (const chunk of source?.read(from) ?? []) read.push(chunk);
    expect(Buffer.concat(read).equals(whole.subarray(from)), `from ${from}`).toBe(true);
  }
  await source?.close();
});

it("refuses one with a flipped bit, wherever it is", async () => {
  const bits = oldFile().byteLength * 8;
  for (let bit = 5; bit < bits; bit += 331) {
    flipBit(file, bit);
    await expect(snapshots.open(), `bit ${bit}`).rejects.toMatchObject({ code: "corrupt" });
    flipBit(file, bit);
  }
  await (await snapshots.open())?.close();
});
