import { afterEach, describe, expect, it, vi } from "vitest";
import { simulate } from "./simulation.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 60_000 });

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

describe("a simulated cluster", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it.each(seeds)("gives seed %i the same run each time", async (seed) => {
    const first = await simulate({ seed, steps: 3_000 });
    const lines: string[] = [];
    const second = await simulate({ seed, steps: 3_000, lines });
    expect(second).toEqual(first);
    expect(lines.length).toBeGreaterThan(100);
  });

  it("gives different seeds different runs", async () => {
    const hashes = await Promise.all(seeds.map(async (seed) => (await simulate({ seed, steps: 500 })).traceHash));
    expect(new Set(hashes).size).toBe(seeds.length);
  });

  it("is not disturbed by what else goes on in the program", async () => {
    const alone = await Promise.all(seeds.slice(0, 4).map((seed) => simulate({ seed, steps: 1_000 })));
    const inTurn = [];
    for (const seed of seeds.slice(0, 4)) inTurn.push(await simulate({ seed, steps: 1_000 }));
    expect(inTurn).toEqual(alone);
  });

  it("reaches no real clock, timer or chance", async () => {
    const forbidden = (name: string) => () => {
      throw new Error(`${name} was called in a simulation`);
    };
    const expected = await simulate({ seed: 3, steps: 3_000 });
    for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch"]) vi.stubGlobal(name, forbidden(name));
    vi.spyOn(Date, "now").mockImplementation(forbidden("Date.now"));
    vi.spyOn(performance, "now").mockImplementation(forbidden("performance.now"));
    vi.spyOn(Math, "random").mockImplementation(forbidden("Math.random"));
    vi.spyOn(crypto, "getRandomValues").mockImplementation(forbidden("crypto.getRandomValues"));
    const resources = process.getActiveResourcesInfo().filter((kind) => /TCP|FS|UDP/.test(kind)).length;
    const report = await simulate({ seed: 3, steps: 3_000 });
    expect(process.getActiveResourcesInfo().filter((kind) => /TCP|FS|UDP/.test(kind)).length).toBe(resources);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    expect(report).toEqual(expected);
  });
});
