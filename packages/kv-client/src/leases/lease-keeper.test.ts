import { describe, expect, it } from "vitest";
import type { CallOptions } from "../call.ts";
import { RaftKvError } from "../error.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

interface Asked {
  readonly id: number;
  readonly atMs: number;
  readonly timeoutMs: number | undefined;
  readonly answer: () => void;
  readonly fail: (code: "LEASE_NOT_FOUND" | "DEADLINE_EXCEEDED") => void;
}

/** A keeper whose renewals wait until the test answers them. */
function rig() {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const keepAlive = (id: number, { timeoutMs }: CallOptions) =>
    new Promise<void>((resolve, reject) => {
      const fail: Asked["fail"] = (code) => reject(new RaftKvError(code, "no"));
      asked.push({ id, atMs: clock.now(), timeoutMs, answer: resolve, fail });
    });
  const keeper = new LeaseKeeper({ clock, keepAlive });
  return { clock, asked, keeper };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("a lease in the background", () => {
  it("is renewed after a third of its time, and for as long again counted from before that was sent", async () => {
    const { clock, asked, keeper } = rig();
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    clock.advance(849);
    expect(asked).toHaveLength(0);
    clock.advance(151);
    expect(asked.map(({ id }) => id)).toEqual([7]);
    const sentMs = asked[0]?.atMs ?? 0;
    clock.advance(500);
    asked[0]?.answer();
    await settle();
    expect(keeper.leftMs(kept)).toBe(sentMs + 3_000 - clock.now());
    clock.advance(2_000);
    expect(asked).toHaveLength(2);
    expect(kept.lost.signal.aborted).toBe(false);
  });

  it("is lost at once where the cluster says that it has ended", async () => {
    const { clock, asked, keeper } = rig();
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    clock.advance(1_000);
    asked[0]?.fail("LEASE_NOT_FOUND");
    await settle();
    expect(kept.lost.signal.reason).toMatchObject({ code: "LEASE_LOST", cause: { code: "LEASE_NOT_FOUND" } });
    expect(keeper.leftMs(kept)).toBe(0);
    clock.advance(60_000);
    expect(asked).toHaveLength(1);
  });

  it("is lost when it could not be renewed in time, whatever comes later; until then it is tried again", async () => {
    const { clock, asked, keeper } = rig();
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    clock.advance(1_000);
    asked[0]?.fail("DEADLINE_EXCEEDED");
    await settle();
    clock.advance(300);
    expect(asked).toHaveLength(2);
    expect(asked[1]?.timeoutMs, "no longer than it may live").toBeLessThanOrEqual(3_000 - (asked[1]?.atMs ?? 0));
    clock.advance(3_000 - clock.now() - 1);
    expect(kept.lost.signal.aborted).toBe(false);
    clock.advance(1);
    expect(kept.lost.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    asked[1]?.answer();
    await settle();
    expect(keeper.leftMs(kept)).toBe(0);
  });

  it("is lost as soon as a process that stood still hears, too late, that it was renewed", async () => {
    let nowMs = 0;
    let answer = () => {};
    const wakes: (() => void)[] = [];
    const keeper = new LeaseKeeper({
      clock: {
        now: () => nowMs,
        setTimer: (_, wake) => {
          wakes.push(wake);
          return { cancel: () => {} };
        },
      },
      keepAlive: () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
    });
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, nowMs, true);
    nowMs = 1_000;
    wakes.at(-1)?.();
    nowMs = 4_000;
    answer();
    await settle();
    expect(kept.lost.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect(keeper.leftMs(kept)).toBe(0);
  });

  it("counts nothing twice: a lease that was granted long ago, as the answer took its time, is lost before its time", () => {
    const { clock, keeper } = rig();
    clock.advance(5_000);
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, 1_000, true);
    expect(kept.lost.signal.aborted).toBe(true);
  });

  it("goes together with others that are due", () => {
    const { clock, asked, keeper } = rig();
    for (let id = 1; id <= 20; id++) {
      keeper.keep({ id, ttlMs: 3_000 }, clock.now(), true);
      clock.advance(5);
    }
    clock.advance(1_000);
    const moments = new Set(asked.map(({ atMs }) => atMs));
    expect({ asked: asked.length, moments: moments.size }).toEqual({ asked: 20, moments: 1 });
  });

  it("is left alone once it is released, or was never to be renewed", () => {
    const { clock, asked, keeper } = rig();
    const released = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    const alone = keeper.keep({ id: 8, ttlMs: 3_000 }, clock.now(), false);
    keeper.release(released);
    clock.advance(10_000);
    expect(asked).toHaveLength(0);
    expect(released.lost.signal.aborted).toBe(false);
    expect(alone.lost.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect(clock.nextInMs, "no timer is left").toBe(Number.POSITIVE_INFINITY);
  });

  it("is not lost any more once it is revoked, whatever a renewal says that comes later; nothing is left of it", async () => {
    const { clock, asked, keeper } = rig();
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    clock.advance(1_000);
    keeper.release(kept);
    expect(keeper.leftMs(kept)).toBe(0);
    asked[0]?.fail("LEASE_NOT_FOUND");
    await settle();
    expect(kept.lost.signal.aborted).toBe(false);
  });

  it("of a month takes no timer that is too long, and would fire at once", () => {
    const { clock, keeper } = rig();
    const ttlMs = 30 * 24 * 60 * 60 * 1_000;
    const kept = keeper.keep({ id: 7, ttlMs }, clock.now(), false);
    expect(clock.nextInMs).toBe(2 ** 31 - 1);
    clock.advance(ttlMs - 1);
    expect(kept.lost.signal.aborted).toBe(false);
    clock.advance(1);
    expect(kept.lost.signal.aborted).toBe(true);
  });

  it("is renewed beside 150,000 others", () => {
    const { clock, asked, keeper } = rig();
    for (let id = 1; id <= 150_000; id++) keeper.keep({ id, ttlMs: 3_000 }, 0, true);
    keeper.keep({ id: 150_001, ttlMs: 300 }, 0, true);
    clock.advance(100);
    expect(asked.map(({ id }) => id)).toEqual([150_001]);
  });

  it("is lost with its client", () => {
    const { clock, keeper } = rig();
    const kept = keeper.keep({ id: 7, ttlMs: 3_000 }, clock.now(), true);
    keeper.close();
    expect(kept.lost.signal.reason).toMatchObject({ code: "CLOSED" });
  });
});
