import { expect, it } from "vitest";
import { LeaderLease } from "./leader-lease.ts";

const voters = { voters: [1, 2, 3], outgoingVoters: [] };

it("a lease remembers when the last rounds were sent, and gives nothing for an answer to an older one", () => {
  const lease = new LeaderLease(0);
  for (let round = 1; round <= 65; round++) lease.sent(round, round * 10);
  lease.promised(2, 1, 1_000_000);
  expect(lease.untilMs(voters, 1)).toBe(Number.NEGATIVE_INFINITY);
  lease.promised(2, 2, 100);
  expect(lease.untilMs(voters, 1)).toBe(20 + 100);
});

it("a lease keeps the longest promise of a voter, in whatever order the answers come", () => {
  const lease = new LeaderLease(0);
  lease.sent(1, 10);
  lease.sent(2, 20);
  lease.promised(2, 2, 100);
  lease.promised(2, 1, 100);
  expect(lease.untilMs(voters, 1)).toBe(120);
});
