import type {
  ConsensusStatus,
  Entry,
  HardState,
  Membership,
  Message,
  NodeId,
  RestoredState,
  WriteBatch,
} from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { Invariants } from "./invariants.ts";
import type { Observation } from "./observation.ts";

const membership: Membership = { voters: [1, 2, 3], outgoingVoters: [], learners: [], members: [] };
const noop = (index: number, term: number): Entry => ({ kind: "noop", index, term });
const change = (index: number, next: Membership): Entry => ({ kind: "membership", index, term: 1, membership: next });
const memberOnNewDisk = { ...membership, members: [{ id: 2, address: "node-2:1", memberId: "member-2-1" }] };
const hard = (term: number, votedFor: NodeId | undefined = undefined, commit = 0): HardState => ({
  term,
  votedFor,
  commit,
});

function status(node: NodeId, term: number, changes: Partial<ConsensusStatus> = {}): Observation {
  const lastIndex = changes.last?.index ?? 0;
  const consensus: ConsensusStatus = {
    identity: { nodeId: node, memberId: `member-${node}`, incarnation: 1, clusterId: "c" },
    role: "follower",
    term,
    leader: undefined,
    commit: 0,
    applied: 0,
    last: { index: lastIndex, term: lastIndex === 0 ? 0 : term },
    hardState: hard(term, changes.role === "leader" ? node : undefined),
    membership,
    membershipIndex: 0,
    committedMembership: membership,
    foundingMembership: membership,
    transferTo: undefined,
    progress: [],
    ...changes,
  };
  return { kind: "status", node, status: consensus };
}

const writing = (node: NodeId, batch: Omit<WriteBatch, "id">): Observation => ({
  kind: "writing",
  node,
  batch: { id: 1, ...batch },
});
const durable = (node: NodeId, batch: Omit<WriteBatch, "id">): Observation => ({
  kind: "durable",
  node,
  batch: { id: 1, ...batch },
});
/** On every disk is the vote for that node. */
const elected = (leader: NodeId, term: number): readonly Observation[] =>
  [1, 2, 3].flatMap((node) => wrote(node, { hardState: hard(term, leader), append: [] }));
/** Written and durable at once. */
const wrote = (node: NodeId, batch: Omit<WriteBatch, "id">): readonly Observation[] => [
  writing(node, batch),
  durable(node, batch),
];
const sent = (from: NodeId, to: NodeId, message: Message, toMemberId = `member-${to}`): Observation => {
  return { kind: "sent", from, to, toMemberId, message };
};
const restored = (node: NodeId, hardState: HardState, memberId = `member-${node}`, lastIndex = 0): Observation => {
  const state: RestoredState = {
    hardState,
    base: { index: 0, term: 0, membership },
    lastIndex,
    termRuns: lastIndex === 0 ? [] : [{ from: 1, term: 1 }],
    memberships: [],
  };
  return { kind: "restored", node, memberId, state };
};
const accepted = (term: number, match: number): Message => ({ kind: "appendResponse", term, rejected: false, match });
const vote = (term: number): Message => ({ kind: "voteResponse", term, granted: true });
const onAll = (entries: readonly Entry[]) =>
  [1, 2, 3].flatMap((node) => wrote(node, { append: entries, hardState: hard(1) }));
const committed = (node: NodeId, index: number, role: ConsensusStatus["role"] = "follower", term = 1) =>
  status(node, term, { role, commit: index, last: { index, term } });
const read = {};

function brokenBy(observations: readonly Observation[]): string | undefined {
  const invariants = new Invariants();
  for (const observation of observations) invariants.observe(observation);
  return invariants.broken?.message;
}

describe("the invariants", () => {
  it("accept an election, a commit and a restart as they should be", () => {
    const peaceful: readonly Observation[] = [
      ...wrote(1, { hardState: hard(1, 1), append: [] }),
      ...wrote(2, { hardState: hard(1, 1), append: [] }),
      sent(2, 1, vote(1)),
      ...onAll([noop(1, 1)]),
      sent(2, 1, accepted(1, 1)),
      status(1, 1, {
        role: "leader",
        commit: 1,
        last: { index: 1, term: 1 },
        progress: [{ id: 2, state: "replicate", match: 1, next: 2, recentlyActive: true, snapshot: undefined }],
      }),
      { kind: "applied", node: 1, entries: [noop(1, 1)], results: ["none"] },
      { kind: "applied", node: 2, entries: [noop(1, 1)], results: ["none"] },
      restored(3, hard(1), undefined, 1),
    ];
    expect(brokenBy(peaceful)).toBeUndefined();
  });

  it("accept a leader whose voter crashed before it was told that its vote is durable", () => {
    const vote = { hardState: hard(3, 1), append: [] };
    expect(brokenBy([...wrote(1, vote), restored(2, hard(3, 1)), status(1, 3, { role: "leader" })])).toBeUndefined();
  });

  it("take a node on a new disk for another member", () => {
    const onNewDisk: readonly Observation[] = [
      restored(3, hard(0)),
      ...wrote(3, { hardState: hard(2, 1), append: [] }),
      sent(3, 1, vote(2)),
      restored(3, hard(0), "member-3-1"),
      ...wrote(3, { hardState: hard(2, 2), append: [] }),
      sent(3, 2, vote(2)),
    ];
    expect(brokenBy(onNewDisk)).toBeUndefined();
  });

  it("accept a commit under the membership that was in force until the turn's end", () => {
    const joined = { ...membership, voters: [1, 2, 3, 4, 5] };
    const inTurn: readonly Observation[] = [
      ...elected(1, 1),
      ...onAll([noop(1, 1)]),
      status(1, 1, { role: "leader", last: { index: 1, term: 1 } }),
      writing(1, { append: [change(2, joined)] }),
      status(1, 1, { role: "leader", commit: 1, last: { index: 2, term: 1 }, membership: joined }),
    ];
    expect(brokenBy(inTurn)).toBeUndefined();
  });

  it.each<[string, readonly Observation[]]>([
    [
      "commit safety",
      [
        ...wrote(1, { append: [noop(1, 1)] }),
        ...wrote(2, { append: [noop(1, 1)] }),
        status(1, 1, {
          role: "leader",
          commit: 1,
          last: { index: 1, term: 1 },
          membership: { ...membership, voters: [1, 2], outgoingVoters: [1, 3, 4] },
        }),
      ],
    ],
    [
      "elected by a quorum",
      [
        ...[1, 2].flatMap((node) => wrote(node, { hardState: hard(1, 1), append: [] })),
        status(1, 1, { role: "leader", membership: { ...membership, voters: [1, 2], outgoingVoters: [3, 4] } }),
      ],
    ],
    [
      "the membership is the log's",
      [
        ...wrote(1, { append: [change(1, { ...membership, voters: [1, 2] })] }),
        status(1, 1, { last: { index: 1, term: 1 } }),
      ],
    ],
    [
      "the membership is the log's",
      [
        ...wrote(1, { append: [change(1, { ...membership, voters: [1, 2] })] }),
        writing(2, { append: [], resetTo: { index: 1, term: 1, membership } }),
      ],
    ],
    [
      "commits its own term",
      [
        ...onAll([noop(1, 1), noop(2, 2)]),
        ...elected(1, 2),
        status(1, 2, { role: "leader", last: { index: 2, term: 2 } }),
        status(1, 2, { role: "leader", commit: 1, last: { index: 2, term: 2 } }),
      ],
    ],
    [
      "match never goes back",
      [
        ...onAll([noop(1, 1)]),
        ...elected(1, 1),
        ...[1, 0].map((match) =>
          status(1, 1, {
            role: "leader",
            last: { index: 1, term: 1 },
            progress: [{ id: 2, state: "replicate", match, next: 2, recentlyActive: true, snapshot: undefined }],
          }),
        ),
      ],
    ],
    ["durable is kept", [...onAll([noop(1, 1)]), restored(1, hard(1))]],
    [
      "one change at a time",
      [
        ...elected(1, 1),
        ...wrote(1, { append: [change(1, membership), change(2, membership)] }),
        status(1, 1, { role: "leader", last: { index: 2, term: 1 } }),
      ],
    ],
    [
      "match is held",
      [
        restored(2, hard(0)),
        ...wrote(2, { hardState: hard(1), append: [noop(1, 1)] }),
        restored(2, hard(0), "member-2-1"),
        ...wrote(1, { hardState: hard(1), append: [noop(1, 1), change(2, memberOnNewDisk)] }),
        status(1, 1, {
          role: "leader",
          last: { index: 2, term: 1 },
          membership: memberOnNewDisk,
          progress: [{ id: 2, state: "replicate", match: 1, next: 2, recentlyActive: true, snapshot: undefined }],
        }),
      ],
    ],
    ["Election Safety", [...elected(1, 4), status(1, 4, { role: "leader" }), status(2, 4, { role: "leader" })]],
    [
      "one vote a term",
      [
        ...wrote(3, { hardState: hard(2, 1), append: [] }),
        sent(3, 1, vote(2)),
        ...wrote(3, { hardState: hard(2, 2), append: [] }),
        sent(3, 2, vote(2)),
      ],
    ],
    [
      "one vote a term",
      [
        ...wrote(3, { hardState: { ...hard(2, 1), votedForMemberId: "member-1" }, append: [] }),
        sent(3, 1, vote(2)),
        sent(3, 1, vote(2), "member-1-1"),
      ],
    ],
    [
      "Log Matching",
      [
        ...onAll([noop(1, 1)]),
        ...wrote(1, { append: [noop(2, 3)] }),
        writing(2, {
          truncateFrom: 1,
          append: [noop(1, 2), noop(2, 3)],
        }),
      ],
    ],
    ["commit safety", [...wrote(1, { append: [noop(1, 1)] }), committed(1, 1)]],
    [
      "commit safety",
      [
        ...onAll([noop(1, 1)]),
        committed(1, 1),
        ...wrote(2, { truncateFrom: 1, append: [noop(1, 2)] }),
        committed(2, 1),
      ],
    ],
    [
      "Leader Completeness",
      [
        ...wrote(1, { append: [noop(1, 1)] }),
        ...wrote(2, { append: [noop(1, 1)] }),
        committed(1, 1),
        status(3, 2, {
          role: "leader",
        }),
      ],
    ],
    [
      "Leader Append-Only",
      [
        ...wrote(1, { hardState: hard(1, 1, 1), append: [noop(1, 1)] }),
        writing(1, {
          truncateFrom: 1,
          append: [],
        }),
      ],
    ],
    ["never goes back", [...wrote(1, { hardState: hard(5, 2), append: [] }), restored(1, hard(4))]],
    ["never goes back", [...wrote(1, { hardState: hard(5, 2), append: [] }), restored(1, hard(5, 3))]],
    ["never goes back", [...onAll([noop(1, 1)]), committed(1, 1), status(1, 1, { last: { index: 1, term: 1 } })]],
    ["applied is committed", [status(1, 1, { applied: 1 })]],
    [
      "applied is committed",
      [
        writing(1, { append: [noop(1, 1)] }),
        {
          kind: "applied",
          node: 1,
          entries: [noop(1, 1)],
          results: [""],
        },
      ],
    ],
    [
      "State Machine Safety",
      [
        ...onAll([noop(1, 1)]),
        {
          kind: "applied",
          node: 1,
          entries: [noop(1, 1)],
          results: ["a"],
        },
        { kind: "applied", node: 2, entries: [noop(1, 1)], results: ["b"] },
      ],
    ],
    [
      "State Machine Safety",
      [
        { kind: "state", node: 1, index: 7, digest: "a" },
        {
          kind: "state",
          node: 2,
          index: 7,
          digest: "b",
        },
      ],
    ],
    ["durable before told", [writing(2, { hardState: hard(1, 1), append: [] }), sent(2, 1, vote(1))]],
    [
      "durable before told",
      [
        ...wrote(2, { hardState: hard(1), append: [] }),
        writing(2, { append: [noop(1, 1)] }),
        sent(2, 1, accepted(1, 1)),
      ],
    ],
    [
      "match is held",
      [
        ...wrote(1, { hardState: hard(1), append: [noop(1, 1)] }),
        status(1, 1, {
          role: "leader",
          last: { index: 1, term: 1 },
          progress: [{ id: 2, state: "replicate", match: 1, next: 2, recentlyActive: true, snapshot: undefined }],
        }),
      ],
    ],
    [
      "the vote is the disk's",
      [
        ...wrote(1, { hardState: hard(3, 2), append: [] }),
        restored(1, hard(3, 2)),
        status(1, 3, { last: { index: 0, term: 0 } }),
      ],
    ],
    [
      "no change before the term's first commit",
      [
        ...onAll([noop(1, 1)]),
        ...elected(1, 2),
        ...wrote(1, { append: [noop(2, 2), { kind: "membership", index: 3, term: 2, membership }] }),
        status(1, 2, { role: "leader", commit: 1, last: { index: 3, term: 2 } }),
      ],
    ],
    [
      "acknowledged is kept",
      [
        ...wrote(2, { hardState: hard(1), append: [noop(1, 1), noop(2, 1)] }),
        sent(2, 1, accepted(1, 2)),
        writing(2, { truncateFrom: 2, append: [] }),
      ],
    ],
    [
      "reads are fresh",
      [
        ...onAll([noop(1, 1)]),
        committed(1, 1),
        { kind: "readAsked", node: 2, read },
        { kind: "readServed", node: 2, read, index: 0, leaseTerm: undefined },
      ],
    ],
    [
      "reads are fresh",
      [
        ...onAll([noop(1, 2)]),
        { kind: "readAsked", node: 2, read },
        committed(1, 1, "follower", 2),
        { kind: "readServed", node: 2, read, index: 1, leaseTerm: 1 },
      ],
    ],
    ["the log is the disk's", [...onAll([noop(1, 1), noop(2, 1)]), status(1, 1, { last: { index: 1, term: 1 } })]],
    [
      "a snapshot reaches the log",
      [
        ...onAll([noop(1, 1), noop(2, 1)]),
        { kind: "compacted", node: 1, base: { index: 2, term: 1, membership } },
        { kind: "snapshotBegins", from: 1, to: 2, leader: 1, index: 1, offset: 0 },
      ],
    ],
  ])("find what breaks %s", (name, observations) => {
    expect(brokenBy(observations)?.slice(0, name.length)).toBe(name);
  });
});
