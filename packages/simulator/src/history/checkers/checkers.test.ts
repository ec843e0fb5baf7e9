import { describe, expect, it } from "vitest";
import type { KeyAnswer, KeyCall } from "../models/key-value-model.ts";
import type { StoreAnswer, StoreCall } from "../models/store-operation.ts";
import type { Operation } from "../operation.ts";
import { checkExactlyOnce } from "./exactly-once.ts";
import { type Finding, factsOfKeys, factsOfStore } from "./facts.ts";
import { checkRevisionOrder } from "./revision-order.ts";
import { checkMonotonicReads, checkSessionOrder } from "./session-order.ts";

type Step = Operation<KeyCall, KeyAnswer>;

interface When {
  readonly from: number;
  readonly to?: number;
  readonly client?: string;
  readonly key?: string;
}

const step = (
  call: KeyCall,
  answer: KeyAnswer | undefined,
  { from, to = from + 1, client, key = "k" }: When,
): Step => ({
  client,
  key,
  calledAt: from,
  answeredAt: answer === undefined ? undefined : to,
  call,
  answer,
});
const put = (value: string, revision: number, when: When): Step =>
  step({ kind: "put", value }, { kind: "put", revision }, when);
const lostPut = (value: string, when: When): Step => step({ kind: "put", value }, undefined, when);
const found = (value: string, version: number, modRevision: number, when: When): Step =>
  step({ kind: "get" }, { kind: "found", value, version, modRevision }, when);
const deleted = (when: When): Step => step({ kind: "delete" }, { kind: "deleted", deleted: true }, when);
const absent = (when: When): Step => step({ kind: "get" }, { kind: "absent" }, when);

const messages = (findings: readonly Finding[]): readonly string[] => findings.map(({ message }) => message);

describe("exactly once", () => {
  const check = (...history: Step[]) => messages(checkExactlyOnce(factsOfKeys(history)));

  it("accepts puts that took effect once, with an answer or without one", () => {
    expect(
      check(
        put("a", 2, { from: 0 }),
        lostPut("b", { from: 2 }),
        found("b", 2, 3, { from: 4 }),
        found("b", 2, 3, { from: 6 }),
      ),
    ).toEqual([]);
    expect(
      check(put("a", 2, { from: 0 }), deleted({ from: 2 }), put("c", 4, { from: 4 }), found("c", 1, 4, { from: 6 })),
    ).toEqual([]);
  });

  it("accepts a put without an answer that never took effect", () => {
    expect(check(put("a", 2, { from: 0 }), lostPut("b", { from: 2 }), found("a", 1, 2, { from: 4 }))).toEqual([]);
  });

  it("finds an acknowledged put that took effect again at a later revision", () => {
    expect(check(put("a", 2, { from: 0 }), found("a", 2, 3, { from: 2 }))).toContainEqual(
      "a was put at revision 2 and is seen as of revision 3",
    );
  });

  it("finds a put without an answer that took effect twice", () => {
    const twice = [lostPut("a", { from: 0 }), found("a", 1, 2, { from: 2 }), found("a", 2, 5, { from: 4 })];
    expect(check(...twice)).toContainEqual("a, put once, is seen as of revisions 2 and 5");
  });

  it("finds more puts than were asked for, in the version", () => {
    expect(check(put("a", 2, { from: 0 }), put("b", 3, { from: 2 }), found("b", 3, 3, { from: 4 }))).toEqual([
      "version 3 at revision 3: 3 puts, and at most 2 were asked for",
    ]);
  });

  it("finds an acknowledged put that is missing in the version", () => {
    const missing = [
      put("a", 2, { from: 0 }),
      put("b", 3, { from: 2 }),
      put("c", 4, { from: 4 }),
      found("c", 2, 4, { from: 6 }),
    ];
    expect(check(...missing)).toEqual(["version 2 at revision 4: 2 puts, and 3 were acknowledged"]);
  });

  it("looks into transactions", () => {
    const call: StoreCall = {
      kind: "transaction",
      compare: [],
      // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
      then: [{ kind: "put", key: "k", value: "a" }],
      else: [],
    };
    const get: StoreCall = { kind: "get", key: "k" };
    const history = (modRevision: number): Operation<StoreCall, StoreAnswer>[] => [
      {
        calledAt: 0,
        answeredAt: 1,
        call,
        answer: { kind: "transaction", succeeded: true, answers: [{ kind: "put" }], revision: 2 },
      },
      {
        calledAt: 2,
        answeredAt: 3,
        call: get,
        answer: { kind: "get", entry: { key: "k", value: "a", version: 1, modRevision } },
      },
    ];
    expect(checkExactlyOnce(factsOfStore(history(2)))).toEqual([]);
    expect(messages(checkExactlyOnce(factsOfStore(history(4))))).toEqual([
      "a was put at revision 2 and is seen as of revision 4",
    ]);
  });
});

describe("revision order", () => {
  const check = (...history: Step[]) => messages(checkRevisionOrder(factsOfKeys(history)));

  it("accepts revisions that ascend, and any order among writes that overlap", () => {
    expect(
      check(
        put("a", 3, { from: 0, to: 5 }),
        put("b", 2, { from: 1, to: 4, key: "other" }),
        found("a", 1, 3, { from: 6 }),
      ),
    ).toEqual([]);
  });

  it("finds two writes at one revision, on different keys too", () => {
    expect(check(put("a", 2, { from: 0, to: 5 }), put("b", 2, { from: 1, key: "other" }))).toEqual([
      "two writes at revision 2",
    ]);
  });

  it("finds a write below the revision of one that was answered before", () => {
    expect(check(put("a", 5, { from: 0 }), put("b", 4, { from: 2, key: "other" }))).toEqual([
      "wrote at revision 4, though revision 5 was known before",
    ]);
  });

  it("finds a write below a revision that somebody had read", () => {
    expect(check(found("x", 1, 9, { from: 0 }), put("b", 4, { from: 2, key: "other" }))).toHaveLength(1);
  });

  it("finds a read of what was overwritten before it began", () => {
    expect(check(put("a", 2, { from: 0 }), put("b", 3, { from: 2 }), found("a", 1, 2, { from: 4 }))).toEqual([
      "saw k as of revision 2, though its revision 3 was known before",
    ]);
  });
});

describe("monotonic reads", () => {
  const check = (...history: Step[]) => messages(checkMonotonicReads(factsOfKeys(history)));

  it("accepts a client behind the others, as long as it goes forward", () => {
    expect(
      check(
        found("b", 2, 3, { from: 0, client: "1" }),
        found("a", 1, 2, { from: 2, client: "2" }),
        found("b", 2, 3, { from: 4, client: "2" }),
        absent({ from: 6, client: "2" }),
      ),
    ).toEqual([]);
  });

  it("finds a client that reads older than it has read", () => {
    expect(check(found("b", 2, 3, { from: 0, client: "1" }), found("a", 1, 2, { from: 2, client: "1" }))).toEqual([
      "client 1 saw k as of revision 2, though its revision 3 was known before",
    ]);
  });

  it("finds the store's revision going back for one client", () => {
    const get = (revision: number, from: number): Operation<StoreCall, StoreAnswer> => ({
      client: "1",
      calledAt: from,
      answeredAt: from + 1,
      call: { kind: "get", key: `k${from}` },
      answer: { kind: "get", entry: null, revision },
    });
    expect(checkMonotonicReads(factsOfStore([get(4, 0), get(4, 2), get(5, 4)]))).toEqual([]);
    expect(checkMonotonicReads(factsOfStore([get(4, 0), get(3, 2)]))).toHaveLength(1);
  });
});

describe("the order of a client's operations", () => {
  const check = (...history: Step[]) => messages(checkSessionOrder(factsOfKeys(history)));

  it("accepts pipelined writes in the order issued, and any order between clients", () => {
    expect(
      check(
        put("a", 3, { from: 0, to: 9, client: "1" }),
        put("b", 4, { from: 1, to: 8, client: "1", key: "other" }),
        found("a", 1, 3, { from: 2, to: 7, client: "1" }),
        put("c", 2, { from: 3, to: 6, client: "2", key: "third" }),
      ),
    ).toEqual([]);
  });

  it("finds pipelined writes that overtook each other", () => {
    expect(
      check(put("a", 4, { from: 0, to: 9, client: "1" }), put("b", 3, { from: 1, to: 8, client: "1", key: "other" })),
    ).toEqual(["client 1 wrote at revision 3, though revision 4 was known before"]);
  });

  it("finds a client that does not read its own write, though both were under way at once", () => {
    expect(
      check(put("b", 4, { from: 0, to: 9, client: "1" }), found("a", 1, 3, { from: 1, to: 8, client: "1" })),
    ).toEqual(["client 1 saw k as of revision 3, though its revision 4 was known before"]);
  });
});
