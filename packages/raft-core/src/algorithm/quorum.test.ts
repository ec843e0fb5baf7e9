import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isQuorum, quorumValue, type VoterSets, voteResult } from "./quorum.ts";

const simple = (size: number): VoterSets => ({ voters: ids(size), outgoingVoters: [] });
const ids = (size: number) => Array.from({ length: size }, (_, position) => position + 1);
const answers = [true, false, undefined] as const;

/** Every way in which `size` voters can have answered so far. */
function* allAnswers(size: number): Generator<readonly (boolean | undefined)[]> {
  for (let code = 0; code < answers.length ** size; code++) {
    yield ids(size).map((id) => answers[Math.floor(code / answers.length ** (id - 1)) % answers.length]);
  }
}

const memberships = fc.record({
  voters: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 }),
  outgoingVoters: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 7 }),
});
const perVoter = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 10, maxLength: 10 });

describe("voteResult", () => {
  it.each(ids(7))("of %i voters, in every state that a vote can be in, is won or lost by a majority", (size) => {
    for (const given of allAnswers(size)) {
      const granted = given.filter((answer) => answer === true).length;
      const refused = given.filter((answer) => answer === false).length;
      const expected = granted * 2 > size ? "won" : (size - refused) * 2 <= size ? "lost" : "pending";
      expect(voteResult(simple(size), (voter) => given[voter - 1])).toBe(expected);
    }
  });

  it("is never won without voters", () => {
    expect(voteResult({ voters: [], outgoingVoters: [] }, () => true)).not.toBe("won");
  });

  it("of a joint membership needs both majorities, and is lost with either", () => {
    fc.assert(
      fc.property(memberships, perVoter(fc.constantFrom(...answers)), (sets, given) => {
        const answerOf = (voter: number) => given[voter];
        const halves = [sets.voters, sets.outgoingVoters]
          .filter((half) => half.length > 0)
          .map((voters) => voteResult({ voters, outgoingVoters: [] }, answerOf));
        const expected = halves.includes("lost") ? "lost" : halves.includes("pending") ? "pending" : "won";
        expect(voteResult(sets, answerOf)).toBe(expected);
      }),
    );
  });

  it("is final: what is won or lost stays so, whatever the missing answers are", () => {
    fc.assert(
      fc.property(memberships, perVoter(fc.constantFrom(...answers)), perVoter(fc.boolean()), (sets, given, late) => {
        const before = voteResult(sets, (voter) => given[voter]);
        const after = voteResult(sets, (voter) => given[voter] ?? late[voter]);
        if (before !== "pending") expect(after).toBe(before);
        expect(after).not.toBe("pending");
      }),
    );
  });

  it("has any two quorums meet, in a voter of each half", () => {
    fc.assert(
      fc.property(memberships, perVoter(fc.boolean()), perVoter(fc.boolean()), (sets, first, second) => {
        const has = (quorum: readonly boolean[]) => (voter: number) => quorum[voter] === true;
        if (!isQuorum(sets, has(first)) || !isQuorum(sets, has(second))) return;
        for (const half of [sets.voters, sets.outgoingVoters].filter((voters) => voters.length > 0)) {
          expect(half.some((voter) => first[voter] && second[voter])).toBe(true);
        }
      }),
    );
  });
});

describe("quorumValue", () => {
  it("is the highest value that a quorum has reached", () => {
    fc.assert(
      fc.property(memberships, perVoter(fc.nat({ max: 12 })), (sets, values) => {
        const reached = (voter: number) => values[voter] ?? 0;
        const reaches = (value: number) => isQuorum(sets, (voter) => reached(voter) >= value);
        const result = quorumValue(sets, reached);
        expect(reaches(result)).toBe(true);
        expect(reaches(result + 1)).toBe(false);
      }),
    );
  });

  it("is nothing without voters", () => {
    expect(quorumValue({ voters: [], outgoingVoters: [] }, () => 7)).toBe(0);
  });
});
