import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { Ticker } from "./ticker.ts";
import { TurnLoop } from "./turn-loop.ts";

const message: Input = { kind: "campaign" };

/** A node that does nothing but sleep, for `sleepMs` at a time. */
class Sleeper {
  readonly clock = new FakeClock();
  readonly turns: string[] = [];
  readonly #loop = new TurnLoop(this.clock, (inputs) => this.turn(...inputs));
  readonly #ticker = new Ticker(this.clock, 40, () => this.#loop.wake());
  readonly #sleepMs: number;

  constructor(sleepMs: number) {
    this.#sleepMs = sleepMs;
    this.#ticker.sleep(sleepMs);
  }

  turn(...inputs: readonly Input[]): void {
    const timed = this.#ticker.timed(inputs);
    this.turns.push(timed.map((input) => describeInput(input)).join(", "));
    this.#ticker.sleep(this.#sleepMs);
  }

  receive(input: Input): void {
    this.#loop.add(input);
  }

  stop(): void {
    this.#loop.stop();
    this.#ticker.stop();
  }
}

function describeInput(input: Input): string {
  if (input.kind !== "tick") return "input";
  return input.stalledMs === undefined ? `${input.elapsedMs} ms` : `${input.elapsedMs} ms, stalled ${input.stalledMs}`;
}

describe("the ticker", () => {
  it("wakes its node when the deadline has come, and not before", async () => {
    const node = new Sleeper(100);
    await node.clock.advance(99);
    expect(node.turns).toEqual([]);
    await node.clock.advance(150);
    expect(node.turns).toEqual(["100 ms", "100 ms"]);
  });

  it("counts the time before a message first, and sleeps anew from there", async () => {
    const node = new Sleeper(100);
    await node.clock.advance(70);
    node.turn(message);
    await node.clock.advance(90);
    node.turn(message);
    await node.clock.advance(99);
    expect(node.turns).toEqual(["70 ms, input", "90 ms, input"]);
    await node.clock.advance(1);
    expect(node.turns.at(-1)).toBe("100 ms");
  });

  it("makes a little time out of a stall, and lets what was received meanwhile go first", async () => {
    const node = new Sleeper(100);
    node.clock.stall(10_000);
    node.clock.setTimer(0, () => node.receive(message));
    await node.clock.settle();
    expect(node.turns).toEqual(["99 ms, input, 41 ms, stalled 10000"]);
  });

  it("lets what was received go first also when a pause ends just after the deadline", async () => {
    const node = new Sleeper(100);
    node.clock.stall(101);
    node.clock.setTimer(0, () => node.receive(message));
    await node.clock.settle();
    expect(node.turns).toEqual(["99 ms, input, 2 ms"]);
  });

  it("goes on as before after a stall", async () => {
    const node = new Sleeper(100);
    node.clock.stall(10_000);
    await node.clock.settle();
    await node.clock.advance(100);
    expect(node.turns).toEqual(["140 ms, stalled 10000", "100 ms"]);
  });

  it("stops, also in the middle of a stall", async () => {
    const node = new Sleeper(100);
    node.clock.stall(10_000);
    node.clock.setTimer(0, () => node.stop());
    await node.clock.advance(1_000);
    expect(node.turns).toEqual([]);
    expect(node.clock.pending).toBe(0);
  });
});
