import { describe, expect, it } from "vitest";
import { BrokenHistory } from "./broken-history.ts";
import { HistoryRecorder } from "./history-recorder.ts";
import type { KeyAnswer, KeyCall } from "./models/key-value-model.ts";

type Recorded = readonly [client: string, call: KeyCall, answer: KeyAnswer | undefined];

const put = (value: string, revision: number): Recorded => [
  "writer",
  { kind: "put", value },
  { kind: "put", revision },
];
const lost = (value: string): Recorded => ["writer <2>", { kind: "put", value }, undefined];
const found = (value: string, version: number, modRevision: number): Recorded => [
  "reader",
  { kind: "get" },
  { kind: "found", value, version, modRevision },
];

async function record(...history: Recorded[]): Promise<HistoryRecorder> {
  const recorder = new HistoryRecorder();
  for (const [client, call, answer] of history) {
    const outcome = answer === undefined ? ({ kind: "unknown" } as const) : ({ kind: "answered", answer } as const);
    await recorder.record("k", call, async () => outcome, client);
  }
  return recorder;
}

function broken(recorder: HistoryRecorder): BrokenHistory {
  try {
    recorder.check();
  } catch (error) {
    if (error instanceof BrokenHistory) return error;
  }
  throw new Error("the history is not broken");
}

describe("a broken history", () => {
  it("is told by what is certain before, the longest order, and what cannot follow", async () => {
    const { message } = broken(await record(put("a", 2), put("b", 3), found("b", 2, 3), lost("c"), found("a", 1, 2)));
    expect(message).toContain("key k is not linearizable\ncertain, after 3 operations: b, version 2, mod revision 3");
    expect(message).toContain("✗ client reader: get → found a version 1 modRevision 2");
  });

  it("names the other promises that it breaks", async () => {
    const { message } = broken(await record(put("a", 2), found("a", 1, 2), put("b", 2)));
    expect(message).toContain("broken: revision order\ntwo writes at revision 2");
    expect(message).toContain("broken: order of a client's operations");
  });

  it("is drawn in a page that needs nothing else", async () => {
    const { page } = broken(await record(put("a", 2), put("b", 3), lost("c"), found("a", 1, 2)));
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toMatch(/<\/html>\n$/);
    expect(page).not.toMatch(/(src|href)=|url\((?!#)|@import/);
    expect(page).toContain("prefers-color-scheme: dark");
    // Lanes of clients, a bar for each operation, one open to the right, one that cannot follow; and nothing unescaped.
    expect(page).toContain(">writer &lt;2&gt;<");
    expect(page).toContain('class="bar stuck"');
    expect(page).toContain(">✗ </tspan>get → found a version 1 modRevision 2<");
    expect(page).not.toContain("<2>");
  });

  it("is one that cannot be decided, too", async () => {
    const recorder = await record(...Array.from({ length: 20 }, (_, number) => lost(`v${number}`)), found("v3", 1, 9));
    expect(recorder.check()).toMatchObject({ unknown: 20, answeredReads: 1 });
    expect(() => recorder.check({ states: 2 })).toThrow("key k is undecided");
  });
});

it("a history that keeps every promise is summed up", async () => {
  const recorder = await record(put("a", 2), lost("b"), found("b", 2, 3), [
    "reader",
    { kind: "delete" },
    { kind: "deleted", deleted: true },
  ]);
  expect(recorder.check()).toEqual({ keys: 1, answeredWrites: 2, answeredReads: 1, unknown: 1, nothing: 0 });
});
