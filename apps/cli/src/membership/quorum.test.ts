import { expect, it } from "vitest";
import { describeVoters, toleratedFailures, votersNote } from "./quorum.ts";

it.each([
  [1, 0, "1 voter, which tolerates no failure"],
  [2, 0, "2 voters, which tolerate no failure"],
  [3, 1, "3 voters, which tolerate 1 failure"],
  [4, 1, "4 voters, which tolerate 1 failure"],
  [5, 2, "5 voters, which tolerate 2 failures"],
])("%i voters tolerate %i failures", (voters, failures, text) => {
  expect(toleratedFailures(voters)).toBe(failures);
  expect(describeVoters(voters)).toBe(text);
});

it.each([
  [3, 4, "4 voters, which tolerate 1 failure: no more than 3 did. An odd number of voters makes the most of them"],
  [3, 5, undefined],
  [4, 5, undefined],
  [3, 2, "2 voters, which tolerate no failure: fewer than the 3 before"],
  [4, 3, undefined],
  [3, 3, undefined],
])("from %i to %i voters: %s", (before, after, note) => expect(votersNote(before, after)).toBe(note));
