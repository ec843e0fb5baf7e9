import assert from "node:assert/strict";
import type { Message } from "../../algorithm/message.ts";
import { eventually } from "../eventually.ts";
import { hex } from "../expectations.ts";
import { command, jointMembership, membershipEntry, noop, patternBytes } from "../sample-log.ts";
import { connected, numbered, numbersFrom, type TransportTests } from "./suite.ts";

const large = Number.MAX_SAFE_INTEGER;

const everyKind: readonly Message[] = [
  { kind: "preVoteRequest", term: 1, campaignTerm: 2, lastIndex: 3, lastTerm: 1 },
  { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true },
  { kind: "preVoteResponse", term: 4, campaignTerm: 2, granted: false },
  { kind: "voteRequest", term: large, lastIndex: large, lastTerm: large, leadershipTransfer: true },
  { kind: "voteRequest", term: 1, lastIndex: 0, lastTerm: 0, leadershipTransfer: false },
  { kind: "voteResponse", term: 5, granted: true },
  { kind: "voteResponse", term: 5, granted: false },
  { kind: "appendRequest", term: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 },
  {
    kind: "appendRequest",
    term: 7,
    prevIndex: 10,
    prevTerm: 5,
    entries: [
      noop(11, 5),
      command(12, 6, new Uint8Array([0, 0xff, 0x80, 0])),
      command(13, 6, new Uint8Array(0)),
      membershipEntry(14, 7, jointMembership()),
    ],
    commit: 9,
  },
  { kind: "appendResponse", term: 7, rejected: false, match: 14 },
  { kind: "appendResponse", term: 7, rejected: false, match: 0 },
  { kind: "appendResponse", term: 7, rejected: true, prevIndex: 10, hintIndex: 4, hintTerm: 2 },
  { kind: "appendResponse", term: 7, rejected: true, prevIndex: 10, hintIndex: 0, hintTerm: 0 },
  { kind: "heartbeatRequest", term: 7, commit: 12, round: large },
  { kind: "heartbeatResponse", term: 7, round: 0 },
  { kind: "readIndexRequest", term: 7, context: { incarnation: 3, sequence: 99 } },
  { kind: "readIndexResponse", term: 7, context: { incarnation: 3, sequence: 99 }, index: 14 },
  { kind: "timeoutNowRequest", term: 7 },
];

export function messageTests(tests: TransportTests): void {
  tests.describe("messages", () => {
    tests.withStations("arrive at the node they are addressed to, under their sender's id", async (stations) => {
      const all = [stations.first, stations.second, stations.third];
      const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => ({ from, to })));
      for (const { from, to } of pairs) await connected(from, to);
      const numberOf = (from: number, to: number) => from * 1000 + to;
      for (const { from, to } of pairs) {
        from.transport.send(to.member.id, numbered(numberOf(from.member.id, to.member.id)));
      }
      await eventually("each node hears from both others", () => all.every((to) => to.heard.messages.length >= 2));
      for (const { from, to } of pairs) {
        assert.deepEqual(numbersFrom(from, to), [numberOf(from.member.id, to.member.id)]);
      }
    });

    tests.withStations("go to one bearer of an id if told, and name their senders' then", async ({ first, second }) => {
      await connected(first, second);
      const named = second.heard.memberIds.get(first.member.id);
      assert.ok(named === undefined || named === first.member.memberId, `the sender is said to be ${named}`);
      first.transport.send(second.member.id, numbered(1), "another data directory");
      first.transport.send(second.member.id, numbered(2), second.member.memberId);
      await eventually("the one for that member arrives", () => numbersFrom(first, second).includes(2));
      assert.deepEqual(numbersFrom(first, second), named === undefined ? [1, 2] : [2]);
    });

    tests.withStations("of every kind arrive as they were sent", async ({ first, second }) => {
      await connected(first, second);
      for (const message of everyKind) first.transport.send(second.member.id, message);
      const arrived = second.heard.messages;
      await eventually("all kinds arrive", () => arrived.length >= everyKind.length);
      assert.deepEqual(
        arrived.map(({ message }) => comparable(message)),
        everyKind.map(comparable),
      );
    });

    tests.withStations("to one peer arrive in order, and none twice", async ({ first, second, third }) => {
      await connected(first, second);
      await connected(first, third);
      const count = 300;
      for (let round = 1; round <= count; round++) {
        first.transport.send(second.member.id, numbered(round));
        first.transport.send(third.member.id, numbered(count + round));
      }
      const expected = Array.from({ length: count }, (_, i) => i + 1);
      await eventually("the last ones arrive", () => numbersFrom(first, second).includes(count));
      assert.deepEqual(numbersFrom(first, second), expected);
      await eventually("at the third too", () => numbersFrom(first, third).includes(2 * count));
      assert.deepEqual(
        numbersFrom(first, third),
        expected.map((round) => count + round),
      );
    });

    tests.withStations("as large as an append request gets arrive whole", async ({ first, second }) => {
      await connected(first, second);
      const many = Array.from({ length: 2000 }, (_, i) => command(i + 1, 1, patternBytes(500, i)));
      const big = [command(2001, 1, patternBytes(1024 * 1024))];
      const request = { kind: "appendRequest", term: 1, prevTerm: 1, commit: 0 } as const;
      first.transport.send(second.member.id, { ...request, prevIndex: 0, entries: many });
      first.transport.send(second.member.id, { ...request, prevIndex: 2000, entries: big });
      const arrived = second.heard.messages;
      await eventually("both arrive", () => arrived.length >= 2);
      const found = arrived.map(({ message }) => (message.kind === "appendRequest" ? message.entries : []));
      assert.ok(sameCommands(found[0], many), "the request with 2000 entries arrives as it was sent");
      assert.ok(sameCommands(found[1], big), "the request with an entry of 1 MiB arrives as it was sent");
    });
  });
}

function comparable(message: Message): unknown {
  if (message.kind !== "appendRequest") return message;
  const entries = message.entries.map((entry) =>
    entry.kind === "command" ? { ...entry, payload: hex(entry.payload) } : entry,
  );
  return { ...message, entries };
}

type AppendEntries = Extract<Message, { kind: "appendRequest" }>["entries"];

/** As a plain answer: the difference between two lists of thousands of entries helps nobody. */
function sameCommands(found: AppendEntries | undefined, expected: AppendEntries): boolean {
  return found?.length === expected.length && expected.every((entry, position) => sameCommand(found[position], entry));
}

function sameCommand(found: AppendEntries[number] | undefined, expected: AppendEntries[number]): boolean {
  if (found?.kind !== "command" || expected.kind !== "command") return false;
  const sameId = found.index === expected.index && found.term === expected.term;
  return sameId && Buffer.compare(found.payload, expected.payload) === 0;
}
