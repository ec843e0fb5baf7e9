import type { Membership } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { haveQuorums } from "./quorums.ts";

const of = (voters: readonly number[], more: Partial<Membership> = {}): Membership => ({
  voters,
  outgoingVoters: [],
  learners: [],
  members: [],
  ...more,
});
const among =
  (...ids: readonly number[]) =>
  (id: number) =>
    ids.includes(id);

it.each<[string, readonly Membership[], readonly number[], boolean]>([
  ["two of three", [of([1, 2, 3])], [1, 2], true],
  ["one of three", [of([1, 2, 3])], [1], false],
  ["two of four", [of([1, 2, 3, 4])], [1, 2], false],
  ["a majority of one half only", [of([4, 5, 6], { outgoingVoters: [1, 2, 3] })], [1, 2, 4], false],
  ["majorities of both halves", [of([4, 5, 6], { outgoingVoters: [1, 2, 3] })], [1, 2, 4, 5], true],
  ["of all memberships but one", [of([1, 2, 3]), of([1, 2, 4, 5])], [1, 2], false],
  [
    "a majority that an absent learner's promotion would end",
    [of([1, 2], { promoteWhenCaughtUp: [3, 4] })],
    [1, 2],
    false,
  ],
  ["the same, with the learner there", [of([1, 2], { promoteWhenCaughtUp: [3, 4] })], [1, 2, 3], true],
])("%s", (_, memberships, ids, expected) => {
  expect(haveQuorums(memberships, among(...ids))).toBe(expected);
});
