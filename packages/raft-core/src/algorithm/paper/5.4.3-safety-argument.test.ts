import { describe, expect, it } from "vitest";
import { LoneNode, voteOf } from "../harness/lone-node.ts";

/** Every set of at least three of five. */
const majorities = Array.from({ length: 32 }, (_, bits) =>
  [1, 2, 3, 4, 5].filter((id) => bits & (1 << (id - 1))),
).filter((set) => set.length >= 3);

describe("5.4.3 safety argument", () => {
  it("Leader Completeness: whoever lacks a committed entry is refused by a voter in each majority", () => {
    // Leader 1 of term 2 has committed entry 2: it is on some majority. A node that lacks it asks another majority.
    for (const holders of majorities) {
      for (const candidate of [1, 2, 3, 4, 5].filter((id) => !holders.includes(id))) {
        for (const electorate of majorities.filter((set) => set.includes(candidate))) {
          const votes = electorate.filter((id) => {
            if (id === candidate) return true;
            const voter = new LoneNode({ id, log: holders.includes(id) ? [1, 2] : [1], term: 2 });
            voter.tick(150).hear(candidate, voteOf(3, { index: 1, term: 1 }));
            return voter.takeSentOf("voteResponse").some(({ message }) => message.granted);
          });
          expect(votes).toEqual(electorate.filter((id) => !holders.includes(id)));
          expect(votes.length).toBeLessThan(electorate.length);
        }
      }
    }
  });

  it("State Machine Safety: an entry is applied only once it is committed, and never another one at its index", () => {
    const node = new LoneNode({ id: 2, log: [1, 2, 2], term: 2, commit: 2 });
    expect(node.applied).toBe(2);
    // A leader of a later term has all that is committed; from 3 on its log may differ.
    node.hear(3, {
      kind: "appendRequest",
      term: 3,
      prevIndex: 2,
      prevTerm: 2,
      entries: [{ kind: "noop", index: 3, term: 3 }],
      commit: 3,
    });
    expect(node.log).toEqual([1, 2, 3]);
    expect(node.applied).toBe(3);
    // One that has not cannot exist: the node would rather stop than apply something else.
    expect(() =>
      node.hear(1, {
        kind: "appendRequest",
        term: 4,
        prevIndex: 1,
        prevTerm: 1,
        entries: [
          { kind: "noop", index: 2, term: 4 },
          { kind: "noop", index: 3, term: 4 },
          { kind: "noop", index: 4, term: 4 },
        ],
        commit: 0,
      }),
    ).toThrow("a leader holds every committed entry");
  });
});
