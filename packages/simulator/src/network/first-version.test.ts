import { expect, it } from "vitest";
import { inFirstVersion } from "./first-version.ts";

it("says nothing that a node of the first version does not know", () => {
  const round = { term: 3, round: 7 };
  expect(inFirstVersion({ kind: "snapshotRequest", term: 3, to: 2, atLeast: 9 })).toBeUndefined();
  expect(inFirstVersion({ kind: "heartbeatResponse", ...round, promiseMs: 150 })).toEqual({
    kind: "heartbeatResponse",
    ...round,
  });
  expect(inFirstVersion({ kind: "heartbeatRequest", ...round, commit: 1, asksPromise: true })).toEqual({
    kind: "heartbeatRequest",
    ...round,
    commit: 1,
  });
  const vote = { kind: "voteResponse", term: 3, granted: true } as const;
  expect(inFirstVersion(vote)).toBe(vote);
});
