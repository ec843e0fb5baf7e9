import { inAlgorithm, nodesStop, type PutBackBug } from "./put-back-bug.ts";

const split = [
  "no change before the term's first commit",
  "elected by a quorum",
  "the membership is the log's",
  "State Machine Safety",
  "Election Safety",
  "Leader Completeness",
  "commit safety",
  "one vote a term",
  "Leader Append-Only",
  nodesStop,
];

export const membership: readonly PutBackBug[] = [
  {
    name: "a change of the membership before an entry of the term is committed",
    row: 2,
    patches: [
      inAlgorithm("membership-handlers", "if (hardState.commit < leader.noopIndex)", "if (false)"),
      inAlgorithm(
        "membership-handlers",
        "return hardState.commit >= noopIndex && hardState.commit >= memberships.newestIndex;",
        "return hardState.commit >= memberships.newestIndex || noopIndex < 0;",
      ),
    ],
    noticedBy: split,
  },
  {
    name: "two changes of the membership at once",
    row: 44,
    patches: [
      inAlgorithm(
        "membership-handlers",
        "if (isSettled(state, leader))\n        return undefined;",
        "return undefined;",
      ),
    ],
    noticedBy: ["one change at a time", ...split],
  },
  {
    name: "a joint membership that is left again and again",
    row: 4,
    patches: [inAlgorithm("membership-handlers", "if (!isSettled(state, leader))\n        return;", "")],
    noticedBy: ["one change at a time", "liveness", ...split],
  },
  {
    name: "a joint membership that is lost in a snapshot",
    row: 5,
    patches: [
      inAlgorithm(
        "snapshot",
        "state.memberships.reset(metadata);",
        "state.memberships.reset({ ...metadata, membership: { ...metadata.membership, outgoingVoters: [] } });",
      ),
    ],
    scenario: "a snapshot of a joint membership",
    noticedBy: split,
  },
  {
    name: "a joint membership in which one majority commits",
    row: 5,
    patches: [
      inAlgorithm(
        "quorum",
        "return sets.outgoingVoters.length === 0 ? incoming : Math.min(",
        "return true ? incoming : Math.min(",
      ),
    ],
    firstSeed: 67,
    noticedBy: ["linearizability", ...split],
  },
  {
    name: "a joint membership in which one majority elects",
    row: 3,
    patches: [
      inAlgorithm("quorum", "if (sets.outgoingVoters.length === 0)\n        return incoming;", "return incoming;"),
    ],
    firstSeed: 37,
    noticedBy: split,
  },
  {
    name: "a candidate that goes by the membership that it knows to be committed",
    row: 3,
    patches: [
      inAlgorithm(
        "vote",
        "for (const voter of allVoters(state.memberships.newest())) {",
        "for (const voter of allVoters(state.memberships.at(state.hardState.commit))) {",
      ),
      inAlgorithm(
        "vote",
        'const result = voteResult(state.memberships.newest(), (voter) => role.votes.get(voter));\n    if (result === "won")\n        becomeLeader(state);',
        'const result = voteResult(state.memberships.at(state.hardState.commit), (voter) => role.votes.get(voter));\n    if (result === "won")\n        becomeLeader(state);',
      ),
    ],
    firstSeed: 18,
    noticedBy: [...split, "liveness"],
  },
  {
    name: "a leader that removed itself and still counts itself",
    row: 7,
    patches: [
      inAlgorithm(
        "replication",
        "const replicated = quorumValue(state.memberships.newest(),",
        "const inForce = state.memberships.newest();\n    const replicated = quorumValue(inForce.voters.includes(state.config.nodeId) ? inForce : { ...inForce, voters: [state.config.nodeId, ...inForce.voters.slice(1)] },",
      ),
    ],
    noticedBy: ["commit safety", ...split],
  },
  {
    name: "a leader that removed itself and leads on",
    row: 7,
    patches: [
      inAlgorithm(
        "membership-handlers",
        "if (!newest.voters.includes(state.config.nodeId))\n        leave(state, leader);",
        "",
      ),
    ],
    firstSeed: 18,
    noticedBy: ["liveness"],
  },
  {
    name: "a membership that stays when its entry is truncated",
    row: 44,
    patches: [inAlgorithm("append", "memberships.truncate(first.index);", "")],
    scenario: "a change that nobody hears of",
    noticedBy: [...split, "liveness", "one change at a time"],
  },
  {
    name: "a member that comes back in the same term, and is taken for what it was",
    row: 9,
    patches: [
      inAlgorithm(
        "leader-peers",
        "leader.progress.has(id) && !leader.departing.delete(id);",
        "leader.progress.has(id) && (leader.departing.delete(id), true);",
      ),
    ],
    theme: "newDisks",
    noticedBy: ["match is held", "commit safety"],
  },
  {
    name: "an acknowledgement of the disk that had the id before",
    row: 9,
    patches: [
      {
        module: "/simulator/src/network/endpoint.ts",
        find: "return isPeer || message === undefined || !isCounted(message);",
        replace: "return isPeer || true;",
      },
    ],
    theme: "newDisks",
    noticedBy: ["match is held", "commit safety", "Election Safety", nodesStop],
  },
  {
    name: "a node that refuses a leader which it does not know",
    row: undefined,
    patches: [
      {
        module: "/simulator/src/network/endpoint.ts",
        find: "return isPeer || message === undefined || !isCounted(message);",
        replace: "return isPeer;",
      },
    ],
    noticedBy: ["liveness"],
  },
  {
    name: "a new disk that takes what the log says of the former one for itself",
    row: undefined,
    patches: [
      inAlgorithm(
        "membership-tracker",
        "return named === memberId && isVoter(membership, id);",
        "return named !== undefined && isVoter(membership, id);",
      ),
    ],
    theme: "newDisks",
    firstSeed: 638,
    noticedBy: ["reads are fresh", "Log Matching", ...split],
  },
  {
    name: "a snapshot that is labelled with the newest membership",
    row: 5,
    patches: [
      inAlgorithm(
        "raft",
        "const membership = this.#state.memberships.at(index);",
        "const membership = this.#state.memberships.newest();",
      ),
    ],
    firstSeed: 25,
    noticedBy: [...split, "liveness", "one change at a time"],
  },
];
