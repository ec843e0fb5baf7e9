import { describe, expect, it } from "vitest";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { Throttle } from "./throttle.ts";

const never = new AbortController().signal;

async function* chunksOf(...sizes: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const size of sizes) yield new Uint8Array(size);
}

/** Counts what comes out. */
function drain(chunks: AsyncIterable<Uint8Array>): { bytes: number; pieces: number; error: unknown } {
  const drained = { bytes: 0, pieces: 0, error: undefined as unknown };
  const run = async () => {
    for await (const piece of chunks) {
      drained.bytes += piece.byteLength;
      drained.pieces += 1;
    }
  };
  run().catch((error: unknown) => {
    drained.error = error;
  });
  return drained;
}

describe("a throttle", () => {
  it("lets through so many bytes a second, in pieces of a tenth", async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock, 100_000);
    const drained = drain(throttle.pace(chunksOf(250_000, 50_000), never));
    await clock.settle();
    // What fits into a quarter of a second, and no part of a piece.
    expect(drained.bytes).toBe(30_000);
    await clock.advance(1_000);
    expect(drained.bytes).toBe(130_000);
    await clock.advance(2_000);
    expect(drained).toEqual({ bytes: 300_000, pieces: 30, error: undefined });
  });

  it("bounds all streams together", async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock, 100_000);
    const [one, other] = [
      drain(throttle.pace(chunksOf(1_000_000), never)),
      drain(throttle.pace(chunksOf(1_000_000), never)),
    ];
    await clock.advance(4_000);
    expect(one.bytes + other.bytes).toBeLessThanOrEqual(435_000);
    expect(Math.min(one.bytes, other.bytes)).toBeGreaterThanOrEqual(200_000);
  });

  it("makes up for timers that are late, as on a busy machine", async () => {
    const clock = new FakeClock();
    const drained = drain(new Throttle(clock, 100_000).pace(chunksOf(1_000_000), never));
    await clock.settle();
    // Nothing of the process runs but once in 150 ms.
    for (let turn = 0; turn < 40; turn += 1) {
      clock.stall(150);
      await clock.settle();
    }
    expect(drained.bytes).toBeGreaterThanOrEqual(600_000);
    expect(drained.bytes).toBeLessThanOrEqual(635_000);
  });

  it("makes up for a longer pause only as far as a quarter of a second goes", async () => {
    const clock = new FakeClock();
    const drained = drain(new Throttle(clock, 100_000).pace(chunksOf(1_000_000), never));
    await clock.advance(1_000);
    const before = drained.bytes;
    clock.stall(20_000);
    await clock.settle();
    expect(drained.bytes - before).toBeGreaterThanOrEqual(20_000);
    expect(drained.bytes - before).toBeLessThanOrEqual(45_000);
  });

  it("has no more than that much in hand at the beginning, however long nothing was sent", async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock, 100_000);
    await clock.advance(60_000);
    const drained = drain(throttle.pace(chunksOf(1_000_000), never));
    await clock.advance(1_000);
    expect(drained.bytes).toBe(130_000);
  });

  it("reads no chunk before the one before has left", async () => {
    const clock = new FakeClock();
    let read = 0;
    const counted = async function* () {
      for (const chunk of [40_000, 40_000, 40_000]) {
        read += 1;
        yield new Uint8Array(chunk);
      }
    };
    drain(new Throttle(clock, 100_000).pace(counted(), never));
    await clock.settle();
    expect(read).toBe(1);
    await clock.advance(100);
    expect(read).toBe(2);
  });

  it("waits for nobody who has given up, and for nothing where there is no bound", async () => {
    const clock = new FakeClock();
    const given = new AbortController();
    const stuck = drain(new Throttle(clock, 1_000).pace(chunksOf(100_000), given.signal));
    await clock.advance(500);
    given.abort(new Error("given up"));
    await clock.settle();
    expect(stuck.error).toEqual(new Error("given up"));
    expect(clock.pending).toBe(0);
    const free = drain(new Throttle(clock, Number.POSITIVE_INFINITY).pace(chunksOf(5_000_000), never));
    await clock.settle();
    expect(free.bytes).toBe(5_000_000);
  });
});
