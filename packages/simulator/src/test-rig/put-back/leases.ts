import { inAlgorithm, inNode, type PutBackBug } from "./put-back-bug.ts";

export const leases: readonly PutBackBug[] = [
  {
    name: "a lease that counts from when the answer came, and far too long",
    row: 16,
    patches: [inAlgorithm("leader-lease", "sentAtMs + forMs / (1 + this.#maxClockDrift)", "sentAtMs + 50 * forMs")],
    theme: "leases",
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a promise to vote for nobody that is not kept",
    row: 16,
    patches: [
      inAlgorithm("vote-promise", "return this.#nowMs !== undefined && this.#nowMs < this.#untilMs;", "return false;"),
      inAlgorithm("election-timer", "return this.#sinceLeaderMs < this.#config.electionTimeoutMinMs;", "return false;"),
    ],
    scenario: "a candidate that was away",
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a lease that outlives the transfer of leadership",
    row: 16,
    patches: [inAlgorithm("transfer", "leader.lease?.end();", "")],
    theme: "leases",
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a lease that is not looked at again after the read",
    row: 16,
    patches: [inNode("lease-reads", "return this.#holding()?.term === lease.term ?", "return lease !== undefined ?")],
    scenario: "a read that outlasts its lease",
    noticedBy: ["reads are fresh", "linearizability"],
  },
];
