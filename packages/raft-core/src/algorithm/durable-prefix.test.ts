import { describe, expect, it } from "vitest";
import { DurablePrefix } from "./durable-prefix.ts";

/** Entries 5 to 7 are written by batch 1, 8 to 9 by batch 2. */
function written(): DurablePrefix {
  const prefix = new DurablePrefix(4);
  prefix.written(5, 7, 1);
  prefix.written(8, 9, 2);
  return prefix;
}

describe("what is durable of the log", () => {
  it("is known of each entry by the batch that wrote it", () => {
    const prefix = written();
    expect([4, 5, 7, 8, 9].map((index) => prefix.batchOf(index))).toEqual([undefined, 1, 1, 2, 2]);
    prefix.persisted(1);
    expect([prefix.durable, prefix.batchOf(7), prefix.batchOf(8)]).toEqual([7, undefined, 2]);
  });

  it("is not what a batch wrote that was truncated and written again", () => {
    const prefix = written();
    prefix.truncated(6);
    prefix.written(6, 9, 3);
    expect([5, 6].map((index) => prefix.batchOf(index))).toEqual([1, 3]);
    prefix.persisted(1);
    expect(prefix.durable).toBe(5);
    prefix.persisted(2);
    expect(prefix.durable).toBe(5);
    prefix.persisted(3);
    expect(prefix.durable).toBe(9);
  });

  it("is not what three batches wrote, when the middle of the last two is written again", () => {
    const prefix = written();
    prefix.written(10, 12, 3);
    prefix.truncated(9);
    prefix.written(9, 12, 4);
    prefix.persisted(2);
    expect(prefix.durable).toBe(8);
    prefix.persisted(3);
    expect(prefix.durable).toBe(8);
  });

  it("ends before a snapshot that takes the place of the log, until that is durable", () => {
    const prefix = new DurablePrefix(10);
    prefix.reset(5, 1);
    expect([prefix.durable, prefix.batchOf(4), prefix.batchOf(5)]).toEqual([4, undefined, 1]);
    prefix.persisted(1);
    expect(prefix.durable).toBe(5);
  });
});
