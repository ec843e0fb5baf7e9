import type { Message } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { Trace } from "./trace.ts";

const payload = new Uint8Array([1, 2, 3]);
const append = {
  kind: "appendRequest",
  term: 3,
  prevIndex: 7,
  prevTerm: 2,
  entries: [{ kind: "command", index: 8, term: 3, payload }],
  commit: 6,
} satisfies Message;
const context = { incarnation: 2, sequence: 9 };

function hashOf(happens: (trace: Trace) => void, nowMs = 1, lines?: string[]): string {
  const trace = new Trace(() => nowMs, lines);
  happens(trace);
  return trace.hash;
}

describe("the hash of a trace", () => {
  it("is the same with lines and without", () => {
    const happens = (trace: Trace) => {
      trace.add("a thing");
      trace.message(1, 2, "arrives", append);
      trace.message(2, 1, "cut", append);
    };
    const lines: string[] = [];
    expect(hashOf(happens, 1, lines)).toBe(hashOf(happens));
    expect(lines).toEqual([
      "1.000 a thing",
      '1.000 1 -> 2: append, term 3, after 7@2, 8@3 "...", commit 6',
      '1.000 2 -x 1 (cut): append, term 3, after 7@2, 8@3 "...", commit 6',
    ]);
  });

  it.each<readonly [what: string, from: Message, to: Message]>([
    ["a field", append, { ...append, commit: 7 }],
    ["a payload", append, { ...append, entries: [{ kind: "command", index: 8, term: 3, payload: payload.slice(1) }] }],
    ["the number of entries", append, { ...append, entries: [] }],
    ["a flag", { kind: "voteResponse", term: 1, granted: true }, { kind: "voteResponse", term: 1, granted: false }],
    [
      "a field of a field",
      { kind: "readIndexRequest", term: 1, context },
      { kind: "readIndexRequest", term: 1, context: { ...context, sequence: 10 } },
    ],
    [
      "a text",
      { kind: "snapshotReport", term: 1, to: 2, outcome: "sent", index: 1, bytesSent: 2, bytes: 3 },
      { kind: "snapshotReport", term: 1, to: 2, outcome: "failed", index: 1, bytesSent: 2, bytes: 3 },
    ],
  ])("is another one where %s is another", (_, message, other) => {
    expect(hashOf((trace) => trace.message(1, 2, "arrives", message))).not.toBe(
      hashOf((trace) => trace.message(1, 2, "arrives", other)),
    );
  });

  it("is another one at another moment, on another way, and where it is lost", () => {
    const hashes = [
      hashOf((trace) => trace.message(1, 2, "arrives", append)),
      hashOf((trace) => trace.message(1, 2, "arrives", append), 1.5),
      hashOf((trace) => trace.message(1, 2, "arrives", append), 2 ** 33),
      hashOf((trace) => trace.message(1, 3, "arrives", append)),
      hashOf((trace) => trace.message(1, 2, "lost", append)),
      hashOf(() => {}),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
