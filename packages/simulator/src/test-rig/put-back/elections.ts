import { inAlgorithm, nodesStop, type PutBackBug } from "./put-back-bug.ts";

export const elections: readonly PutBackBug[] = [
  {
    name: "a vote that leaves before it is written",
    row: 42,
    patches: [
      inAlgorithm("send", "const after = Math.max(", 'const after = message.kind === "voteResponse" ? 0 : Math.max('),
    ],
    noticedBy: ["durable before told", "one vote a term", "Election Safety"],
  },
  {
    name: "a vote for a candidate that lacks committed entries",
    row: 1,
    patches: [inAlgorithm("log-view", "return other.term > own.term ||", "return true || other.term > own.term ||")],
    noticedBy: ["Leader Completeness", "commit safety", "Leader Append-Only", nodesStop],
  },
  {
    name: "a second vote in a term",
    row: 42,
    patches: [
      inAlgorithm("vote", "if (hardState.votedFor !== undefined)", "if (false)"),
      inAlgorithm("vote", "if (knownLeader(state) !== undefined)", "if (false)"),
      inAlgorithm("hard-state", 'invariant(this.#votedFor === undefined, "nobody votes twice in a term");', ""),
    ],
    noticedBy: ["the vote is the disk's", "one vote a term", "Election Safety", nodesStop],
  },
  {
    name: "a leader that no quorum answers and that leads on",
    row: 12,
    patches: [
      inAlgorithm(
        "check-quorum",
        "if (hasActiveQuorum(state, leader, state.config.electionTimeoutMaxMs))",
        "if (true)",
      ),
    ],
    theme: "elections",
    firstSeed: 1155,
    noticedBy: ["liveness"],
  },
  {
    name: "a leader of the past that nobody tells so",
    row: 11,
    patches: [
      inAlgorithm("append", "reject(state, from, request.prevIndex, request.prevIndex);\n        return;", "return;"),
      inAlgorithm(
        "heartbeat",
        "if (follows && request.needsNoAnswer === true)",
        "if (!follows || request.needsNoAnswer === true)",
      ),
    ],
    scenario: "a successor that nobody hears",
    noticedBy: ["liveness"],
  },
  {
    name: "a pre-vote of a past term that is not answered",
    row: 10,
    patches: [
      inAlgorithm(
        "vote",
        "const { campaignTerm } = request;\n",
        "const { campaignTerm } = request;\n    if (request.term < term) return;\n",
      ),
    ],
    theme: "elections",
    firstSeed: 322,
    noticedBy: ["liveness"],
  },
  {
    name: "a learner that has not heard of its promotion and refuses to vote",
    row: 6,
    patches: [
      inAlgorithm(
        "vote",
        "mayVoteFor(state, from, request);\n",
        "mayVoteFor(state, from, request) && hasVote(state, state.memberships.newest());\n",
      ),
      inAlgorithm(
        "vote",
        "const granted = campaignTerm > term &&",
        "const granted = campaignTerm > term && hasVote(state, state.memberships.newest()) &&",
      ),
    ],
    scenario: "a promotion that is not heard of",
    noticedBy: ["the story"],
  },
  {
    name: "a term that is joined and not written",
    row: 39,
    patches: [
      inAlgorithm(
        "hard-state",
        "this.#votedFor = undefined;\n        this.#mark(batch);",
        "this.#votedFor = undefined;",
      ),
    ],
    noticedBy: ["durable before told", "never goes back", "Election Safety", "one vote a term", nodesStop],
  },
];
