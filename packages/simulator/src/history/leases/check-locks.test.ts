import { describe, expect, it } from "vitest";
import { checkLocks } from "./check-locks.ts";
import type { FencedWrite, LockHold, LockRecord } from "./lock-record.ts";

/** Token 10 goes at revision 15, 100 ms on; 11 at revision 20, at 200 ms; 12 stays. */
const places = [
  { key: "l/a", token: 10, gone: { at: 100, revision: 15 } },
  { key: "l/b", token: 11, gone: { at: 200, revision: 20 } },
  { key: "l/c", token: 12, gone: undefined },
];
const keys = new Map(places.map(({ key, token }) => [token, key]));

const hold = (token: number, answeredAt: number): LockHold => {
  return { client: "a", key: keys.get(token) ?? "l/none", token, calledAt: 0, answeredAt };
};
const write = (token: number, revision: number | undefined, answeredAt = 500): FencedWrite => {
  return { client: "a", key: keys.get(token) ?? "l/none", token, calledAt: 0, answeredAt, revision };
};

function wrong(record: Partial<LockRecord>): string | undefined {
  const whole = { name: "l", permits: 1, places, holds: [], writes: [], ...record };
  return checkLocks([whole]).map(({ promise, message }) => `${promise}: ${message}`)[0];
}

describe("a lock", () => {
  it("is held by the one who came first of those who are there", () => {
    expect(wrong({ holds: [hold(10, 20), hold(11, 100), hold(12, 200)] })).toBeUndefined();
    expect(wrong({ holds: [hold(11, 99)] })).toBe(
      "lock: is held by the first: l is held by 11 at 99, while 10 came before and had not gone",
    );
    expect(wrong({ holds: [hold(12, 150)] })).toContain("while 11 came before");
    expect(wrong({ holds: [hold(13, 300)] })).toContain("held without a place");
  });

  it("may be held as soon as whoever came before can have gone", () => {
    const [first, ...others] = places;
    const gone = first?.gone && { from: 30, ...first.gone };
    const early = first === undefined ? [] : [{ ...first, gone }, ...others];
    expect(wrong({ places: early, holds: [hold(11, 30)] })).toBeUndefined();
    expect(wrong({ places: early, holds: [hold(11, 29)] })).toContain("while 10 came before");
  });

  it("is kept until its holder leaves or its lease is over", () => {
    const withLease = (told: boolean | undefined) => ({
      places: [
        { key: "l/a", token: 10, gone: { at: 100, revision: 15, ...(told !== undefined && { withLease: told }) } },
      ],
    });
    const left = (releasedAt?: number) => ({ holds: [{ ...hold(10, 20), releasedAt }] });
    expect(wrong({ ...withLease(true), ...left() })).toBeUndefined();
    expect(wrong({ ...withLease(undefined), ...left() })).toBeUndefined();
    expect(wrong({ ...withLease(false), ...left(90) })).toBeUndefined();
    expect(wrong({ ...withLease(false), ...left() })).toContain(
      "lock: is kept by who holds: l: the place of 10 had gone by 100",
    );
    expect(wrong({ ...withLease(false), ...left(110) })).toContain("is kept by who holds");
  });

  it("with permits is held by as many as there are", () => {
    expect(wrong({ permits: 2, holds: [hold(11, 50), hold(12, 100)] })).toBeUndefined();
    expect(wrong({ permits: 2, holds: [hold(12, 99)] })).toContain("while 10 and 11 came before");
  });

  it("refuses what is written late, and nothing else", () => {
    expect(wrong({ writes: [write(10, 14), write(11, 19), write(12, 30)] })).toBeUndefined();
    expect(wrong({ writes: [write(10, 16)] })).toContain("fences who is late: l: a write of 10 took effect at 16");
    expect(wrong({ writes: [write(11, 10)] })).toContain("took effect at 10");
    expect(wrong({ writes: [write(10, undefined, 100)] })).toBeUndefined();
    expect(wrong({ writes: [write(10, undefined, 99)] })).toContain("fences nobody who holds");
    expect(wrong({ writes: [write(12, undefined)] })).toContain("fences nobody who holds");
  });

  it("lets nothing of an older holder take effect after what a younger one wrote", () => {
    expect(
      wrong({ places: places.map((place) => ({ ...place, gone: undefined })), writes: [write(11, 13), write(10, 14)] }),
    ).toContain("10 wrote at 14, after 11 had at 13");
  });
});
