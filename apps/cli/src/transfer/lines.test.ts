import { describe, expect, it } from "vitest";
import { type Line, linesOf } from "./lines.ts";

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function lines(bytes: Uint8Array, size: number): Promise<readonly Line[]> {
  const all: Line[] = [];
  for await (const line of linesOf(chunked(bytes, size))) all.push(line);
  return all;
}

describe("the lines of a file", () => {
  it.each([1, 2, 5, 1_000])("are the same in chunks of %i bytes, the empty ones left out", async (size) => {
    expect(await lines(Buffer.from("eins\n\nzwéi\r\n\ndrei"), size)).toEqual([
      { text: "eins", number: 1, bytes: 5 },
      { text: "zwéi", number: 3, bytes: 13 },
      { text: "drei", number: 5, bytes: 18 },
    ]);
  });

  it("are refused where they are no UTF-8, or have no end", async () => {
    await expect(lines(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a), 2)).rejects.toThrow("line 2 is not UTF-8");
    await expect(lines(Buffer.alloc(17 * 1024 * 1024, "x"), 1024 * 1024)).rejects.toThrow("line 1 has more than");
  });
});
