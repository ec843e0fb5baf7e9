import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WriteWindow } from "./write-window.ts";

const mebibyte = 1024 * 1024;

/** Writes that end when the test says so. */
class HeldWrites {
  readonly held: PromiseWithResolvers<void>[] = [];
  readonly write = (): Promise<void> => {
    const held = Promise.withResolvers<void>();
    this.held.push(held);
    return held.promise;
  };
}

async function began(window: WriteWindow, bytes: number, count: number, writes: HeldWrites): Promise<number> {
  void (async () => {
    for (let i = 0; i < count; i++) await window.add(bytes, writes.write);
  })();
  await turn();
  return writes.held.length;
}

describe("writes under way", () => {
  it("are bounded in number and in bytes, and one may be larger than the bound", async () => {
    expect(await began(new WriteWindow(), 1, 3_000, new HeldWrites())).toBe(2_000);
    expect(await began(new WriteWindow(), mebibyte, 20, new HeldWrites())).toBe(8);
    expect(await began(new WriteWindow(), 20 * mebibyte, 2, new HeldWrites())).toBe(1);
  });

  it("make room when they end", async () => {
    const writes = new HeldWrites();
    const window = new WriteWindow();
    expect(await began(window, mebibyte, 9, writes)).toBe(8);
    writes.held[3]?.resolve();
    await turn();
    expect(writes.held).toHaveLength(9);
    const done = window.done();
    for (const held of writes.held) held.resolve();
    await done;
  });

  it("end with the first that fails", async () => {
    const writes = new HeldWrites();
    const window = new WriteWindow();
    await window.add(1, writes.write);
    await window.add(1, writes.write);
    writes.held[0]?.reject(new Error("refused"));
    await expect(window.done()).rejects.toThrow("refused");
    await expect(window.add(1, writes.write)).rejects.toThrow("refused");
    expect(writes.held).toHaveLength(2);
  });
});
