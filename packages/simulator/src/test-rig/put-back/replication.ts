import { inAlgorithm, inNode, nodesStop, type PutBackBug } from "./put-back-bug.ts";

export const replication: readonly PutBackBug[] = [
  {
    name: "an entry of an earlier term that is committed by counting copies",
    row: 1,
    patches: [inAlgorithm("replication", " && log.termAt(replicated) === hardState.term)", ")")],
    noticedBy: ["commits its own term", "Leader Completeness", "commit safety", "Leader Append-Only", nodesStop],
  },
  {
    name: "a leader that counts itself before its own disk has the entry",
    row: 19,
    patches: [
      inAlgorithm(
        "replication",
        "voter === state.config.nodeId ? log.durable :",
        "voter === state.config.nodeId ? log.lastIndex :",
      ),
    ],
    noticedBy: ["commit safety"],
  },
  {
    name: "an acknowledgement of all that the follower has",
    row: 40,
    patches: [inAlgorithm("append", "accept(state, from, end);", "accept(state, from, log.lastIndex);")],
    firstSeed: 7,
    noticedBy: ["durable before told", "match is held", "commit safety", nodesStop],
  },
  {
    name: "an acknowledgement that does not wait for the disk",
    row: 20,
    patches: [inAlgorithm("append", "rejected: false, match }, log.batchOf(match));", "rejected: false, match });")],
    noticedBy: ["durable before told"],
  },
  {
    name: "an append that truncates what agrees with it",
    row: 43,
    patches: [
      inAlgorithm(
        "append",
        "entries.findIndex((entry) => log.termAt(entry.index) !== entry.term);",
        "entries.length > 0 ? 0 : -1;",
      ),
    ],
    firstSeed: 10,
    noticedBy: [
      "acknowledged is kept",
      "durable before told",
      "match is held",
      "commit safety",
      "Leader Append-Only",
      nodesStop,
    ],
  },
  {
    name: "a follower that commits past the end of what it was sent",
    row: 43,
    patches: [
      inAlgorithm(
        "append",
        "Math.min(role.leaderCommit, role.matched)",
        "Math.min(role.leaderCommit, state.log.lastIndex)",
      ),
    ],
    firstSeed: 6,
    noticedBy: ["durable before told", "commit safety", "State Machine Safety", "Leader Append-Only", nodesStop],
  },
  {
    name: "a heartbeat with a commit index beyond what the follower matches",
    row: 41,
    patches: [
      inAlgorithm("heartbeat", "const known = Math.min(commit, progress.match);", "const known = commit;"),
      inAlgorithm(
        "append",
        'invariant(commit <= state.log.lastIndex, "a node still holds what it has acknowledged");',
        "commit = Math.min(commit, state.log.lastIndex);",
      ),
    ],
    firstSeed: 7,
    noticedBy: ["commit safety", "State Machine Safety", "Leader Append-Only", nodesStop],
  },
  {
    name: "an append that is not compared with what comes before it",
    row: 37,
    patches: [
      inAlgorithm("append", "if (log.termAt(known) !== knownTerm) {", "if (log.termAt(known) === undefined) {"),
    ],
    firstSeed: 7,
    noticedBy: ["Log Matching", "match is held", "durable before told", "commit safety", nodesStop],
  },
  {
    name: "a completion that counts for another entry at that index",
    row: 38,
    patches: [
      inAlgorithm(
        "durable-prefix",
        "this.#durable = Math.min(this.#durable, from - 1);\n        this.#end = from - 1;",
        "this.#end = from - 1;",
      ),
    ],
    firstSeed: 6,
    noticedBy: ["durable before told", "commit safety", "applied is committed", "match is held", nodesStop],
  },
  {
    name: "an old refusal that moves the leader back over what is acknowledged",
    row: 40,
    patches: [
      inAlgorithm("progress", "if (prevIndex !== this.#next - 1)\n            return;", ""),
      inAlgorithm(
        "progress",
        "const next = Math.max(Math.min(prevIndex, hint + 1), this.#match + 1);",
        "const next = Math.max(Math.min(prevIndex, hint + 1), 1); this.#match = Math.min(this.#match, next - 1);",
      ),
    ],
    firstSeed: 10,
    noticedBy: ["match never goes back"],
  },
  {
    name: "an answer of a past term that is taken for one of this",
    row: 39,
    patches: [inAlgorithm("term", 'return message.kind === "preVoteResponse";', "return true;")],
    theme: "lateMessages",
    noticedBy: [
      "elected by a quorum",
      "match is held",
      "Election Safety",
      "commit safety",
      "linearizability",
      "Leader Completeness",
      nodesStop,
    ],
  },
  {
    name: "uncommitted bytes that are never given back",
    row: 35,
    patches: [inAlgorithm("backlog", "this.#bytes -= bytes;", "this.#bytes -= 0;")],
    firstSeed: 9,
    noticedBy: ["liveness"],
  },
  {
    name: "a page of committed entries that is skipped",
    row: 34,
    patches: [
      inNode(
        "applier",
        "const [from, to] = [this.#applied + 1, this.#committed];",
        "const [from, to] = [this.#applied + 1 + (this.#applied % 40 === 39 ? 1 : 0), this.#committed];",
      ),
      inNode(
        "applier",
        "if (first?.index === next && last?.index === next + entries.length - 1)",
        "if (last !== undefined)",
      ),
    ],
    noticedBy: ["State Machine Safety", "linearizability", "equal states", nodesStop],
  },
];
