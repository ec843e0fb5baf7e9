import type { Clock } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { KeepAlive, type ProbedSession } from "./keep-alive.ts";

/** A session whose other end answers when the test says so, and a clock that the test moves. */
class Rig {
  nowMs = 0;
  /** When probes have left. */
  readonly probes: number[] = [];
  isDead = false;
  readonly #timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  readonly #clock: Clock = {
    now: () => this.nowMs,
    setTimer: (delayMs, run) => {
      const timer = { dueMs: this.nowMs + delayMs, run };
      this.#timers.add(timer);
      return { cancel: () => this.#timers.delete(timer) };
    },
  };
  readonly #session: ProbedSession = {
    destroyed: false,
    close: () => {},
    ping: (answered) => {
      this.probes.push(this.nowMs);
      this.answer = () => answered(null);
      return true;
    },
    once: (_event, listener) => {
      this.close = listener;
    },
  };
  close = (): void => {};
  readonly keepAlive = new KeepAlive(this.#session, {
    clock: this.#clock,
    intervalMs: 2_000,
    timeoutMs: 3_000,
    onDead: () => {
      this.isDead = true;
    },
  });
  answer = (): void => {};

  get timers(): number {
    return this.#timers.size;
  }

  passes(ms: number): this {
    const end = this.nowMs + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = next.dueMs;
      next.run();
    }
    this.nowMs = end;
    return this;
  }
}

it("a session is probed an interval after the last answer, and given up when there is none", () => {
  const rig = new Rig();
  rig.passes(2_500).answer();
  rig.passes(4_999);
  expect(rig.probes).toEqual([2_000, 4_500]);
  expect(rig.isDead).toBe(false);
  expect(rig.passes(1).isDead).toBe(true);
});

it("a probe goes along with what is sent when it is nearly due, and only then", () => {
  const rig = new Rig();
  const sends = (until: number) => {
    while (rig.nowMs < until) rig.passes(100).keepAlive.sent();
  };
  sends(1_700);
  expect(rig.probes).toEqual([]);
  sends(1_900);
  // Another one while that is not answered would tell nothing more.
  expect(rig.probes).toEqual([1_800]);
  rig.answer();
  sends(5_000);
  expect(rig.probes).toEqual([1_800, 3_700]);
});

it("a probe that went along is missed as any other", () => {
  const rig = new Rig();
  rig.passes(1_900).keepAlive.sent();
  expect(rig.passes(2_999).isDead).toBe(false);
  expect(rig.passes(1).isDead).toBe(true);
});

it("nothing is left of it once the session has closed", () => {
  const rig = new Rig();
  rig.close();
  expect(rig.timers).toBe(0);
});
