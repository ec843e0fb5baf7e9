import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { MessageSchema, type Membership as WireMembership, type Message as WireMessage } from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { messageSize } from "./message-size.ts";
import { WireError } from "./wire-error.ts";

const max = Number.MAX_SAFE_INTEGER;
const membership = {
  voters: [1, 2],
  outgoingVoters: [1, 3],
  learners: [4],
  members: [1, 2, 3, 4].map((id) => ({
    id,
    address: `10.0.0.${id}:50051`,
    memberId: `member-${id}`,
    ...(id === 3 ? { priority: 100 } : {}),
  })),
  learnersNext: [3],
  leavesOnRequest: true,
  promoteWhenCaughtUp: [4],
} as const;
const messages: readonly Message[] = [
  { kind: "preVoteRequest", term: 1, campaignTerm: 2, lastIndex: 3, lastTerm: 1 },
  { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true },
  { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: false },
  { kind: "voteRequest", term: max, lastIndex: max, lastTerm: max, leadershipTransfer: true },
  { kind: "voteResponse", term: 4, granted: true },
  { kind: "appendRequest", term: 4, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 },
  {
    kind: "appendRequest",
    term: 4,
    prevIndex: 7,
    prevTerm: 2,
    commit: 6,
    entries: [
      { kind: "noop", term: 3, index: 8 },
      { kind: "command", term: 3, index: 9, payload: new Uint8Array() },
      { kind: "command", term: 4, index: 10, payload: Uint8Array.of(0, 255, 7) },
      { kind: "membership", term: 4, index: 11, membership },
    ],
  },
  { kind: "appendResponse", term: 4, rejected: false, match: 11 },
  { kind: "appendResponse", term: 4, rejected: true, prevIndex: 7, hintIndex: 5, hintTerm: 2 },
  { kind: "heartbeatRequest", term: 4, commit: 9, round: 12 },
  { kind: "heartbeatRequest", term: 4, commit: 9, round: 12, asksPromise: true },
  { kind: "heartbeatRequest", term: 4, commit: 9, round: 12, needsNoAnswer: true },
  { kind: "heartbeatResponse", term: 4, round: 12 },
  { kind: "heartbeatResponse", term: 4, round: 12, promiseMs: 300 },
  { kind: "readIndexRequest", term: 4, context: { incarnation: 3, sequence: 9 } },
  { kind: "readIndexResponse", term: 4, context: { incarnation: 3, sequence: 9 }, index: 10 },
  { kind: "timeoutNowRequest", term: 4 },
  { kind: "snapshotRequest", term: 4, to: 3, atLeast: 70 },
  { kind: "snapshotReport", term: 4, to: 3, outcome: "sending", index: 0, bytesSent: 0, bytes: 0 },
  { kind: "snapshotReport", term: 4, to: 3, outcome: "failed", index: 90, bytesSent: 2 ** 40, bytes: 2 ** 41 },
  { kind: "snapshotReport", term: 4, to: 3, outcome: "sent", index: 90, bytesSent: 7, bytes: 7 },
];

function wireBytes(message: Message): Uint8Array {
  return toBinary(MessageSchema, encodeMessage(message));
}

function wire(term: bigint, message: WireMessage["message"]): WireMessage {
  return { $typeName: "raftkv.raft.v1.Message", term, message };
}

describe("the codec of messages", () => {
  it.each(messages)("brings $kind through the wire unchanged", (message) => {
    expect(decodeMessage(fromBinary(MessageSchema, wireBytes(message)))).toEqual(message);
  });

  it.each(messages)("estimates no less than what $kind takes", (message) => {
    expect(messageSize(message)).toBeGreaterThanOrEqual(wireBytes(message).byteLength);
  });

  const append = { $typeName: "raftkv.raft.v1.AppendRequest", prevTerm: 1n, commit: 1n } as const;
  const entry = { $typeName: "raftkv.raft.v1.Entry", term: 1n } as const;
  const withVoters = (voters: bigint[]): WireMembership => ({
    $typeName: "raftkv.raft.v1.Membership",
    voters,
    outgoingVoters: [],
    learners: [],
    members: [],
    learnersNext: [],
    leavesOnRequest: false,
    promoteWhenCaughtUp: [],
  });
  const malformed: readonly (readonly [string, WireMessage, RegExp])[] = [
    ["no kind", wire(1n, { case: undefined }), /of no kind/],
    ["a number beyond 2^53", wire(2n ** 53n, { case: undefined }), /message.term is 9007199254740992/],
    [
      "an entry of no kind",
      wire(1n, {
        case: "appendRequest",
        value: { ...append, prevIndex: 4n, entries: [{ ...entry, entry: { case: undefined } }] },
      }),
      /entry 5 is of no kind/,
    ],
    [
      "entries that end beyond 2^53",
      wire(1n, {
        case: "appendRequest",
        value: {
          ...append,
          prevIndex: BigInt(max),
          entries: [{ ...entry, entry: { case: "command", value: new Uint8Array() } }],
        },
      }),
      /its 1 entries end beyond/,
    ],
    [
      "a read without a context",
      wire(1n, { case: "readIndexRequest", value: { $typeName: "raftkv.raft.v1.ReadIndexRequest" } }),
      /context is missing/,
    ],
    ...[
      [[2n, 1n], /voters has 1 after 2/] as const,
      [[1n, 1n], /voters has 1 after 1/] as const,
      [[0n], /voters is 0/] as const,
    ].map(
      ([voters, reason]) =>
        [
          `the voters ${voters}`,
          wire(1n, {
            case: "appendRequest",
            value: {
              ...append,
              prevIndex: 4n,
              entries: [{ ...entry, entry: { case: "membership", value: withVoters([...voters]) } }],
            },
          }),
          reason,
        ] as const,
    ),
  ];
  it.each(malformed)("refuses a message with %s", (_name, message, reason) => {
    expect(() => decodeMessage(message)).toThrow(WireError);
    expect(() => decodeMessage(message)).toThrow(reason);
  });
});
