import { describe, expect, it } from "vitest";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { Ticker } from "./ticker.ts";

function tickerOn(clock: FakeClock, ticks: number[], stalls: number[] = []): Ticker {
  const ticker = new Ticker(clock, 40, (elapsedMs, stalledMs) => {
    ticks.push(elapsedMs);
    stalls.push(stalledMs);
  });
  ticker.start();
  return ticker;
}

describe("the ticker", () => {
  it("measures time four times a heartbeat interval", async () => {
    const clock = new FakeClock();
    const ticks: number[] = [];
    tickerOn(clock, ticks);
    await clock.advance(45);
    expect(ticks).toEqual([10, 10, 10, 10]);
  });

  it("makes one tick of one heartbeat interval out of a stall, and goes on as before", async () => {
    const clock = new FakeClock();
    const ticks: number[] = [];
    const stalls: number[] = [];
    tickerOn(clock, ticks, stalls);
    clock.stall(10_000);
    await clock.settle();
    expect(ticks).toEqual([40]);
    expect(stalls).toEqual([10_000]);
    await clock.advance(20);
    expect(ticks).toEqual([40, 10, 10]);
    expect(stalls).toEqual([10_000, 0, 0]);
  });

  it("lets what was received during a stall go first", async () => {
    const clock = new FakeClock();
    const order: string[] = [];
    const ticker = new Ticker(clock, 40, () => order.push("tick"));
    ticker.start();
    clock.stall(10_000);
    clock.setTimer(0, () => order.push("received"));
    await clock.settle();
    expect(order).toEqual(["received", "tick"]);
  });

  it("stops, also in the middle of a stall", async () => {
    const clock = new FakeClock();
    const ticks: number[] = [];
    const ticker = tickerOn(clock, ticks);
    clock.stall(10_000);
    clock.setTimer(0, () => ticker.stop());
    await clock.advance(100);
    expect(ticks).toEqual([]);
  });
});
