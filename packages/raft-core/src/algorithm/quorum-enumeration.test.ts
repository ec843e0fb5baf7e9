import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "./entry.ts";
import { testMember, testMembership } from "./harness/settings.ts";
import type { MembershipChange } from "./membership-change.ts";
import { afterJoint, planChange } from "./membership-plan.ts";
import { quorumValue, type VoterSets, voteResult } from "./quorum.ts";

/**
 * The maths of quorums against definitions that are slow and obviously right: every case of up to `maxMembers` members.
 *
 * Up to `maxNamed` of them every assignment of parts to node ids is tried. Beyond, one of each that differ only in who
 * is who: nothing in the definitions looks at a node's id but to find its answer, and the last test of each block
 * shows that the functions do not either.
 */
const maxMembers = 7;
const maxNamed = 4;

/** The halves of a membership that a member has a say in. */
interface Halves {
  readonly incoming: boolean;
  readonly outgoing: boolean;
}

const halves: readonly Halves[] = [
  { incoming: false, outgoing: false },
  { incoming: true, outgoing: false },
  { incoming: false, outgoing: true },
  { incoming: true, outgoing: true },
];

interface Part<Value> extends Halves {
  readonly value: Value;
}

/** What one member can be and have said; of one without a say it is all the same what it says. */
function partsOf<Value>(values: readonly Value[]): readonly Part<Value>[] {
  return halves.flatMap((half) =>
    (half.incoming || half.outgoing ? values : values.slice(0, 1)).map((value) => ({ ...half, value })),
  );
}

/** Every way to give `count` members a part each; with `named` false, one of those that are rearrangements. */
function* assignments<Value>(
  parts: readonly Value[],
  count: number,
  named: boolean,
  from = 0,
): Generator<readonly Value[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let position = named ? 0 : from; position < parts.length; position++) {
    const part = parts[position];
    if (part === undefined) continue;
    for (const rest of assignments(parts, count - 1, named, position)) yield [part, ...rest];
  }
}

function* casesOf<Value>(values: readonly Value[]): Generator<readonly Part<Value>[]> {
  for (let count = 1; count <= maxMembers; count++) yield* assignments(partsOf(values), count, count <= maxNamed);
}

/** Member `position` has the id `position + 1`. */
function setsOf(parts: readonly Halves[]): VoterSets {
  const ids = parts.map((_, position) => position + 1);
  return {
    voters: ids.filter((id) => parts[id - 1]?.incoming),
    outgoingVoters: ids.filter((id) => parts[id - 1]?.outgoing),
  };
}

/** Raft, section 6: whether those in `agreeing` (a bit a member) decide: a majority of each half that there is. */
function decides({ voters, outgoingVoters }: VoterSets, agreeing: number): boolean {
  const agrees = (half: readonly NodeId[]) => half.filter((id) => agreeing & (1 << (id - 1))).length * 2 > half.length;
  return agrees(voters) && (outgoingVoters.length === 0 || agrees(outgoingVoters));
}

function quorumsOf(sets: VoterSets, members: number): readonly number[] {
  return Array.from({ length: 1 << members }, (_, subset) => subset).filter((subset) => decides(sets, subset));
}

/** The outcomes that are still possible, whatever those say who have not answered. */
function outcomesOf(sets: VoterSets, answers: readonly (boolean | undefined)[]): ReadonlySet<boolean> {
  const granted = answers.reduce((bits: number, answer, position) => (answer ? bits | (1 << position) : bits), 0);
  const missing = answers.reduce(
    (bits: number, answer, position) => (answer === undefined ? bits | (1 << position) : bits),
    0,
  );
  const outcomes = new Set<boolean>();
  // Each subset of `missing`, down to the empty one.
  for (let late = missing; ; late = (late - 1) & missing) {
    outcomes.add(decides(sets, granted | late));
    if (late === 0 || outcomes.size === 2) return outcomes;
  }
}

const shuffles = (values: readonly number[]) => fc.shuffledSubarray([...values], { minLength: values.length });
const ids = (count: number) => Array.from({ length: count }, (_, position) => position + 1);

describe("voteResult", () => {
  it(`is what no missing answer can change any more, in every state of a vote of up to ${maxMembers} members`, () => {
    let cases = 0;
    for (const parts of casesOf([undefined, true, false] as const)) {
      const sets = setsOf(parts);
      const answers = parts.map(({ value }) => value);
      const outcomes = outcomesOf(sets, answers);
      const expected = outcomes.size === 2 ? "pending" : outcomes.has(true) ? "won" : "lost";
      const result = voteResult(sets, (id) => answers[id - 1]);
      if (result !== expected) expect({ sets, answers, result }).toEqual({ sets, answers, result: expected });
      cases++;
    }
    // Of 1 to 4 members all 10^n, of 5 to 7 the multisets of 10 kinds.
    expect(cases).toBe(10 + 100 + 1_000 + 10_000 + 2_002 + 5_005 + 11_440);
  });

  it("does not ask who is who, in memberships of up to 15", () => {
    const votes = fc.integer({ min: 1, max: 15 }).chain((count) =>
      fc.record({
        parts: fc.array(fc.constantFrom(...partsOf([undefined, true, false])), { minLength: count, maxLength: count }),
        names: shuffles(ids(count)),
      }),
    );
    fc.assert(
      fc.property(votes, ({ parts, names }) => {
        const sets = setsOf(parts);
        const nameOf = (id: NodeId) => names[id - 1] ?? 0;
        const renamed = { voters: sets.voters.map(nameOf), outgoingVoters: sets.outgoingVoters.map(nameOf) };
        const before = voteResult(sets, (id) => parts[id - 1]?.value);
        expect(voteResult(renamed, (name) => parts[names.indexOf(name)]?.value)).toBe(before);
      }),
    );
  });
});

describe("quorumValue", () => {
  const values = [0, 1, 2, 3];

  it(`is the best that a whole quorum has reached, for every match vector over 0 to 3 of up to ${maxMembers} members`, () => {
    let cases = 0;
    const quorums = new Map<string, readonly number[]>();
    for (const parts of casesOf(values)) {
      const sets = setsOf(parts);
      const key = parts.map(({ incoming, outgoing }) => (incoming ? 2 : 0) + (outgoing ? 1 : 0)).join("");
      const known = quorums.get(key) ?? quorumsOf(sets, parts.length);
      quorums.set(key, known);
      // A lone learner, or one half only: without voters nothing is reached.
      const slowest = (quorum: number) =>
        parts.reduce((least, { value }, position) => (quorum & (1 << position) ? Math.min(least, value) : least), 3);
      const expected = known.reduce((best, quorum) => Math.max(best, slowest(quorum)), 0);
      const result = quorumValue(sets, (id) => parts[id - 1]?.value ?? 0);
      if (result !== expected) expect({ parts, result }).toEqual({ parts, result: expected });
      cases++;
    }
    expect(cases).toBe(13 + 169 + 2_197 + 28_561 + 6_188 + 18_564 + 50_388);
  });

  it("lies where the slow definition puts it, with any values, in memberships of up to 15", () => {
    const matches = fc.array(
      fc.constantFrom(...halves).chain((half) => fc.nat().map((value) => ({ ...half, value }))),
      {
        minLength: 1,
        maxLength: 15,
      },
    );
    fc.assert(
      fc.property(matches, (parts) => {
        const sets = setsOf(parts);
        const reached = (id: NodeId) => parts[id - 1]?.value ?? 0;
        const reachedBy = (value: number) =>
          parts.reduce((bits, part, position) => (part.value >= value ? bits | (1 << position) : bits), 0);
        const candidates = [...new Set(parts.map(({ value }) => value))].sort((a, b) => b - a);
        expect(quorumValue(sets, reached)).toBe(candidates.find((value) => decides(sets, reachedBy(value))) ?? 0);
      }),
    );
  });
});

/** Whether each set of nodes that decides in one of the two memberships meets each that decides in the other. */
function alwaysMeet(first: VoterSets, second: VoterSets, members: number): boolean {
  const others = quorumsOf(second, members);
  return quorumsOf(first, members).every((quorum) => others.every((other) => (quorum & other) !== 0));
}

describe("a change of the membership", () => {
  /** Every pair of memberships, present and next, of up to `maxMembers` nodes in all: who stays, leaves, joins. */
  const changes = ids(maxMembers).flatMap((count) => [...assignments(halves.slice(1), count, false)]);

  function planOf(parts: readonly Halves[]) {
    const { voters: target, outgoingVoters: present } = setsOf(parts);
    const change: MembershipChange = {
      steps: [
        ...target
          .filter((id) => !present.includes(id))
          .map((id) => ({ kind: "addVoter", member: testMember(id) }) as const),
        ...present.filter((id) => !target.includes(id)).map((id) => ({ kind: "remove", id }) as const),
      ],
      transition: "auto",
    };
    const current = testMembership(present);
    return { current, target, plan: planChange(current, change) };
  }

  it(`leads only through memberships whose majorities meet, from any to any of up to ${maxMembers} nodes`, () => {
    let simple = 0;
    let joint = 0;
    for (const parts of changes) {
      const { current, target, plan } = planOf(parts);
      if (plan.kind === "invalid") {
        const stays = current.voters.length === target.length && current.voters.every((id) => target.includes(id));
        expect(current.voters.length === 0 || target.length === 0 || stays).toBe(true);
        continue;
      }
      if (current.voters.length === 0) continue;
      const { next } = plan;
      expect(alwaysMeet(current, next, parts.length)).toBe(true);
      if (next.outgoingVoters.length === 0) simple++;
      else joint++;
      const last = next.outgoingVoters.length === 0 ? next : afterJoint(next);
      expect(alwaysMeet(next, last, parts.length)).toBe(true);
      expect(last.voters).toEqual(target);
    }
    expect(simple).toBeGreaterThan(0);
    expect(joint).toBeGreaterThan(simple);
  });

  it("goes through a joint membership wherever majorities of the two could miss each other", () => {
    for (const parts of changes) {
      const { current, target, plan } = planOf(parts);
      if (plan.kind === "invalid" || current.voters.length === 0) continue;
      const mayMiss = !alwaysMeet(current, { voters: target, outgoingVoters: [] }, parts.length);
      if (mayMiss) expect(plan.next.outgoingVoters).toEqual(current.voters);
    }
  });
});
