import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SpoolFiles } from "./spool-file.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "raftkv-spool-"));
});

afterEach(() => rm(folder, { recursive: true }));

const mebibyte = 1024 * 1024;
const never = new AbortController().signal;

async function* chunks(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const [i, size] of sizes.entries()) yield Buffer.alloc(size, i + 1);
}

describe("what is put aside", () => {
  it("is read as it came, tells how far it is, and leaves no name in the folder", async () => {
    const written: number[] = [];
    const spool = new SpoolFiles(folder);
    const spooled = await spool.take(chunks(3, 2 * mebibyte, 5), 10, (bytes) => written.push(bytes), never);
    expect(await readdir(folder)).toEqual([]);
    const read: Buffer[] = [];
    for await (const chunk of spooled.read()) read.push(Buffer.from(chunk));
    const expected = Buffer.concat([Buffer.alloc(3, 1), Buffer.alloc(2 * mebibyte, 2), Buffer.alloc(5, 3)]);
    expect(Buffer.concat(read).equals(expected)).toBe(true);
    expect(Math.max(...read.map(({ length }) => length))).toBeLessThanOrEqual(mebibyte);
    expect([written, spooled.bytes]).toEqual([[3, 3 + 2 * mebibyte, 8 + 2 * mebibyte], 8 + 2 * mebibyte]);
    await spooled.close();
    await spooled.close();
    await expect(spooled.read()[Symbol.asyncIterator]().next()).rejects.toThrow();
  });

  it("is refused before it fills the disk, also where it turns out to be more than was expected", async () => {
    let free = 70 * mebibyte;
    const spool = new SpoolFiles(folder, async () => free);
    const refused = { failure: { message: expect.stringContaining("Make room on that disk") } };
    await expect(spool.take(chunks(1), 7 * mebibyte, () => {}, never)).rejects.toMatchObject(refused);
    const filling = (async function* () {
      yield* chunks(mebibyte);
      free = 64 * mebibyte;
      yield* chunks(mebibyte);
    })();
    await expect(spool.take(filling, mebibyte, () => {}, never)).rejects.toMatchObject(refused);
    expect(await readdir(folder)).toEqual([]);
  });

  it("is given up when nobody wants it any more", async () => {
    const abort = new AbortController();
    const spool = new SpoolFiles(folder);
    const taken = spool.take(chunks(1, 1, 1), 3, () => abort.abort(new Error("gone")), abort.signal);
    await expect(taken).rejects.toThrow("gone");
  });
});
