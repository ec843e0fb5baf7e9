import { inAlgorithm, inNode, nodesStop, type PutBackBug } from "./put-back-bug.ts";

export const readsAndSnapshots: readonly PutBackBug[] = [
  {
    name: "a read before the first commit of the term",
    row: 14,
    patches: [
      inAlgorithm("heartbeat", "if (commit >= leader.noopIndex)", "if (true)"),
      inAlgorithm("read-index", " && hardState.commit >= role.noopIndex)", ")"),
    ],
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a read that is answered by any round of the term",
    row: 15,
    patches: [inAlgorithm("heartbeat", "leader.reads.begin(leader.round, commit);", "leader.reads.begin(1, commit);")],
    theme: "leases",
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a late round of a past term that counts for one of this",
    row: 15,
    patches: [inAlgorithm("heartbeat", "round: follows ? request.round : 0", "round: request.round")],
    scenario: "a leader that leads again",
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a read context that is used again after a restart",
    row: 15,
    patches: [
      inAlgorithm("read-index", "if (response.context.incarnation !== state.config.incarnation)\n        return;", ""),
    ],
    theme: "lateMessages",
    firstSeed: 417,
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a read that does not wait for the state",
    row: 44,
    patches: [inNode("reads", "else if (outcome.index <= this.#options.applied())", "else if (true)")],
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a session whose repeated command is applied again",
    row: 47,
    patches: [
      {
        module: "/kv-server/dist/state/fold.js",
        find: "if (kept !== undefined)\n            return kept;",
        replace:
          'if (kept !== undefined)\n            return operation.kind === "skip" || operation.kind === "closeSession" ? kept : this.#operate(operation);',
      },
    ],
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a follower that stays in probe after a snapshot",
    row: 36,
    patches: [
      inAlgorithm(
        "progress",
        "this.#becomeProbe(Math.max(index, this.#match) + 1);\n            return;",
        "this.#becomeProbe(Math.max(index, this.#match) + 2);\n            this.#probing = true;\n            return;",
      ),
    ],
    scenario: "a snapshot of the whole log",
    noticedBy: ["liveness", nodesStop],
  },
  {
    name: "a snapshot that is too old for the log, sent again and again",
    row: 49,
    patches: [
      inNode("snapshot-sender", "metadata.index >= (leader === self ? Math.max(atLeast, base()) : atLeast)", "true"),
    ],
    theme: "snapshots",
    firstSeed: 451,
    noticedBy: ["a snapshot reaches the log", "liveness"],
  },
  {
    name: "a snapshot that is refused as old, and not acknowledged",
    row: undefined,
    patches: [
      inNode(
        "snapshot-receiver",
        'this.#options.feed({ kind: "snapshotReceived", from: leader, term, metadata });\n            throw',
        "throw",
      ),
    ],
    theme: "snapshots",
    firstSeed: 733,
    noticedBy: ["liveness"],
  },
  {
    name: "a log that is compacted as soon as a snapshot has arrived",
    row: undefined,
    patches: [inNode("compaction", "catchingUp.heldIndex(progress(), this.#base, tail) ?? tail", "tail")],
    scenario: "a snapshot while others write",
    noticedBy: ["the story"],
  },
  {
    name: "a log that is compacted past what the state holds durably",
    row: 21,
    patches: [
      inNode(
        "compaction",
        "const durable = await stateMachine.flush();",
        "const durable = stateMachine.appliedIndex();",
      ),
    ],
    noticedBy: [nodesStop, "State Machine Safety", "never goes back"],
  },
  {
    name: "a log that is replaced by a snapshot that it holds already, and more",
    row: 24,
    patches: [inAlgorithm("snapshot", "if (log.termAt(metadata.index) === metadata.term)", "if (false)")],
    scenario: "a snapshot of what the follower holds",
    noticedBy: [
      "the log is the disk's",
      "acknowledged is kept",
      "durable before told",
      "match is held",
      "commit safety",
      nodesStop,
    ],
  },
];
