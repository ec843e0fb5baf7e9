import { describe, expect, it } from "vitest";
import { checkLeases, type LeaseClocks } from "./check-leases.ts";
import type { LeaseRecord, LeaseSeen } from "./lease-record.ts";

const promised = (calledAt: number, ttlMs = 100) => ({ client: "a", calledAt, answeredAt: calledAt + 5, ttlMs });
const seen = (calledAt: number, leftMs: number | undefined, more: Partial<LeaseSeen> = {}): LeaseSeen => {
  return { client: "b", calledAt, answeredAt: calledAt + 5, leftMs, isStrong: true, ...more };
};

function wrong(record: Partial<LeaseRecord>, clocks: LeaseClocks = {}): string | undefined {
  const whole = { name: "7", promises: [promised(0)], refusals: [], seen: [], ended: undefined, ...record };
  return checkLeases([whole], clocks).map(({ promise, message }) => `${promise}: ${message}`)[0];
}

describe("a lease", () => {
  it("ends once its time is over, by the fastest clock that there is, and no sooner", () => {
    expect(wrong({ ended: { at: 100, how: "expired" } })).toBeUndefined();
    expect(wrong({ ended: { at: 99, how: "expired" } })).toBe(
      "lease: nothing expires early: lease 7 expired at 99, and a was promised 100 ms from 0 on",
    );
    expect(wrong({ ended: { at: 50, how: "expired" } }, { fastestClock: 2 })).toBeUndefined();
    expect(wrong({ ended: { at: 49, how: "expired" } }, { fastestClock: 2 })).toContain("nothing expires early");
  });

  it("lives on from its last renewal, and ends at any time where it is revoked", () => {
    const promises = [promised(0), promised(60)];
    expect(wrong({ promises, ended: { at: 120, how: "expired" } })).toContain("100 ms from 60 on");
    expect(wrong({ promises, ended: { at: 160, how: "expired" } })).toBeUndefined();
    expect(wrong({ promises, ended: { at: 80, how: "revoked" } })).toBeUndefined();
  });

  it("is called over by nobody before it is", () => {
    const refusals = [{ client: "b", calledAt: 50, answeredAt: 60 }];
    expect(wrong({ refusals })).toContain("nothing expires early: lease 7 was called over at 60");
    expect(wrong({ refusals, ended: { at: 55, how: "revoked" } })).toBeUndefined();
    expect(wrong({ refusals, ended: { at: 65, how: "revoked" } })).toContain("was called over at 60");
    expect(wrong({ refusals: [{ client: "b", calledAt: 50, answeredAt: 101 }] })).toBeUndefined();
  });

  it("may have ended before anybody is known to have seen to it, and not sooner than it can have", () => {
    const ended = { from: 50, at: 90, how: "revoked" } as const;
    const refused = (answeredAt: number) => [{ client: "b", calledAt: 40, answeredAt }];
    expect(wrong({ refusals: refused(50), seen: [seen(45, undefined)], ended })).toBeUndefined();
    expect(wrong({ refusals: refused(49), ended })).toContain("was called over at 49");
    expect(wrong({ seen: [seen(44, undefined)], ended })).toContain("was shown as gone at 49");
    expect(wrong({ seen: [seen(89, 10)], ended })).toBeUndefined();
  });

  it("that is over is renewed by nobody", () => {
    const promises = [promised(0), promised(130)];
    expect(wrong({ promises, ended: { at: 120, how: "revoked" } })).toContain("over is over");
    expect(wrong({ promises, refusals: [{ client: "b", calledAt: 110, answeredAt: 120 }] })).toContain("called over");
  });

  it("is shown as long as it is there, with no more time than is left", () => {
    expect(wrong({ seen: [seen(50, 50)] })).toBeUndefined();
    expect(wrong({ seen: [seen(50, undefined)] })).toContain("over is over: lease 7 was shown as gone at 55");
    expect(wrong({ seen: [seen(50, undefined, { isStrong: false })] })).toBeUndefined();
    const ended = { at: 120, how: "expired" } as const;
    expect(wrong({ seen: [seen(118, undefined), seen(119, 0)], ended })).toBeUndefined();
    expect(wrong({ seen: [seen(121, 0)], ended })).toContain("was shown at 126, and had expired at 120");
    expect(wrong({ seen: [seen(121, 0, { isStrong: false })], ended })).toBeUndefined();
    expect(wrong({ seen: [seen(50, 60, { mostLeftMs: 55 })] })).toContain("time left never grows");
  });
});
