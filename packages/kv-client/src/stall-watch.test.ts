import { beforeEach, describe, expect, it } from "vitest";
import { portsOf } from "./real-ports.ts";
import { StallWatch } from "./stall-watch.ts";
import { ManualClock } from "./testing/manual-clock.ts";

let clock: ManualClock;
let stalls: string[];
let pings: (() => void)[];
let watch: StallWatch;

beforeEach(() => {
  clock = new ManualClock();
  stalls = [];
  pings = [];
  watch = new StallWatch(portsOf({ clock }), {
    ping: (answered) => void pings.push(answered),
    stalled: (reason) => {
      stalls.push(reason);
      watch.stop();
    },
  });
  watch.start();
});

/** Time passes, and the event loop runs. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the watch over a silent node", () => {
  it("pings after half a second, and gives up on a node whose ping stays unanswered for as long", async () => {
    await pass(250);
    expect(pings).toHaveLength(0);
    await pass(250);
    expect(pings).toHaveLength(1);
    await pass(250);
    expect(stalls).toEqual([]);
    await pass(250);
    expect(stalls).toEqual(["no sign of life for 1000 ms"]);
  });

  it("stays with a node that answers pings, up to three seconds without an answer to a request", async () => {
    for (let passed = 0; passed < 2_750; passed += 250) {
      await pass(250);
      pings.pop()?.();
    }
    expect(stalls).toEqual([]);
    await pass(250);
    expect(stalls).toEqual(["no answer for 3000 ms"]);
  });

  it("starts again with every answer", async () => {
    for (let answers = 0; answers < 20; answers++) {
      await pass(250);
      watch.heard();
    }
    expect(stalls).toEqual([]);
    expect(pings).toEqual([]);
  });

  it("judges only after what has arrived meanwhile was read", async () => {
    await pass(500);
    clock.advance(60_000); // This process was held up; then its timers fire, and then it reads.
    watch.heard();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stalls).toEqual([]);
  });

  it("does not judge a run that is over", async () => {
    await pass(500);
    clock.advance(60_000);
    watch.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stalls).toEqual([]);
  });

  it("leaves no timer behind", () => {
    watch.stop();
    expect(clock.nextInMs).toBe(Number.POSITIVE_INFINITY);
  });
});
