import { describe, expect, it } from "vitest";
import { testMembership } from "../algorithm/harness/settings.ts";
import type { Membership } from "../algorithm/membership.ts";
import { type CommitView, MembershipChanges } from "./membership-changes.ts";
import { RaftError } from "./raft-error.ts";

const never = new AbortController().signal;
const after = testMembership([1, 2, 4]);
const joint = testMembership([1, 2, 4], [1, 2, 3]);
const nextJoint = testMembership([1, 2, 5], [1, 2, 4]);

/** The log up to the commit index, as terms from index 1 on; undefined where it has been replaced. */
function committed(committedMembership: Membership, ...terms: readonly (number | undefined)[]): () => CommitView {
  return committedAfter(committedMembership, committedMembership, ...terms);
}

/** The same, where the change had made something else of the membership before that. */
function committedAfter(
  made: Membership,
  committedMembership: Membership,
  ...terms: readonly (number | undefined)[]
): () => CommitView {
  const [termAt, membershipAt] = [(index: number) => terms[index - 1], () => made];
  return () => ({ commit: terms.length, committedMembership, termAt, membershipAt });
}

/** A change that stands in the log at index 2, in term 3. */
function appended(changes: MembershipChanges, untilLeft = true): Promise<Membership> {
  const call = changes.add(7, untilLeft, never);
  changes.settle({ kind: "appended", id: 7, first: { term: 3, index: 2 }, count: 1 });
  return call;
}

describe("calls that change the membership", () => {
  it("resolve with the membership when their entry is committed, and not before", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committed(testMembership([1, 2, 3]), 1));
    changes.committed(committed(after, 1, 3));
    expect(await call).toBe(after);
  });

  it("wait until a joint membership is left, also when the log no longer holds their entry by then", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committed(joint, 1, 3));
    changes.committed(committed(after, undefined, undefined, 4));
    expect(await call).toBe(after);
  });

  it("do not wait for the joint membership of another change, where both are heard of at once", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committedAfter(joint, nextJoint, 1, 3, 3, 3));
    expect(await call).toBe(nextJoint);
    const simple = appended(changes);
    changes.committed(committedAfter(after, nextJoint, 1, 3, 3));
    expect(await simple).toBe(nextJoint);
  });

  it("do not wait for that where it is left on request", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes, false);
    changes.committed(committed(joint, 1, 3));
    expect(await call).toBe(joint);
  });

  it("reject where another leader's entry is committed in that place", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committed(after, 1, 4));
    await expect(call).rejects.toMatchObject({ code: "superseded" });
  });

  it("reject where nobody tells this node any more what becomes of their entry, unless that is not in the log yet", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    const submitted = changes.add(8, true, never);
    changes.unheard();
    await expect(call).rejects.toMatchObject({ code: "outcomeUnknown" });
    changes.settle({ kind: "appended", id: 8, first: { term: 3, index: 3 }, count: 1 });
    changes.committed(committed(after, 1, 3, 3));
    expect(await submitted).toBe(after);
  });

  it("reject as soon as a later term has committed anything, though the log does not reach their place again yet", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committed(after, 4));
    await expect(call).rejects.toMatchObject({ code: "superseded" });
  });

  it("cannot tell what has become of them when a snapshot has replaced the log", async () => {
    const changes = new MembershipChanges();
    const call = appended(changes);
    changes.committed(committed(after, undefined, undefined));
    await expect(call).rejects.toMatchObject({ code: "outcomeUnknown" });
  });

  it("reject with the reason that the algorithm has, and leave other outcomes alone", async () => {
    const changes = new MembershipChanges();
    const call = changes.add(7, true, never);
    changes.settle({ kind: "dropped", id: 8, reason: "overloaded", leader: 1 });
    changes.settle({ kind: "dropped", id: 7, reason: "tooEarly", leader: 1, detail: "nothing yet" });
    await expect(call).rejects.toMatchObject({ code: "tooEarly", message: expect.stringMatching(/\(nothing yet\)$/) });
  });

  it("end when the node does, each with what is known of it", async () => {
    const changes = new MembershipChanges();
    const waiting = changes.add(6, true, never);
    const standing = appended(changes);
    changes.rejectAll(new RaftError("closed", "closed"), new RaftError("outcomeUnknown", "closed"));
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    await expect(standing).rejects.toMatchObject({ code: "outcomeUnknown" });
  });
});
