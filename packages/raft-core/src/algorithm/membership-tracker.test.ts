import { describe, expect, it } from "vitest";
import { freshBase, testMembership } from "./harness/settings.ts";
import { MembershipTracker } from "./membership-tracker.ts";

const [founding, second, fifth] = [testMembership([1]), testMembership([1, 2]), testMembership([1, 2, 3])];

/** The memberships change at 2 and at 5. */
function tracker(): MembershipTracker {
  return new MembershipTracker(freshBase([1]), [
    { index: 2, membership: second },
    { index: 5, membership: fifth },
  ]);
}

const inForce = (memberships: MembershipTracker, ...indexes: readonly number[]) =>
  indexes.map((index) => memberships.at(index).voters.length);

describe("the memberships in a log", () => {
  it("are each in force from their entry on", () => {
    expect(inForce(tracker(), 0, 1, 2, 4, 5, 9)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it("go with what is truncated, and only with that", () => {
    const memberships = tracker();
    memberships.truncate(6);
    expect([memberships.newest(), memberships.newestIndex]).toEqual([fifth, 5]);
    memberships.truncate(5);
    expect([memberships.newest(), memberships.newestIndex]).toEqual([second, 2]);
    memberships.truncate(2);
    expect([memberships.newest(), memberships.newestIndex]).toEqual([founding, 0]);
  });

  it("are forgotten below where the log is compacted", () => {
    const memberships = tracker();
    memberships.compact({ index: 3, term: 1, membership: second });
    expect(inForce(memberships, 3, 4, 5)).toEqual([2, 2, 3]);
    expect(() => memberships.at(2)).toThrow("below the base");
    memberships.compact({ index: 5, term: 1, membership: fifth });
    expect([memberships.newest(), memberships.newestIndex]).toEqual([fifth, 5]);
    expect(() => memberships.at(4)).toThrow("below the base");
    memberships.truncate(6);
    expect(() => memberships.truncate(5)).toThrow("never truncated");
  });
});
