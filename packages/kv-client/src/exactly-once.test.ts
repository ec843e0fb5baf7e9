import { create, fromJson } from "@bufbuild/protobuf";
import { ErrorCode, ErrorDetailSchema, OperationResultSchema } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { FakeStore } from "./testing/fake-store.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Received, ScriptedNode } from "./testing/scripted-node.ts";

let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  node = await ScriptedNode.start();
  kv = new RaftKv({ endpoints: [node.address], random: () => 0.5 });
});

afterEach(async () => {
  await kv.close();
  await node.stop();
});

/** Runs the first of these with the first request, and so on; what comes after is served. */
function scriptNext(...steps: ScriptedNode["script"][]): void {
  node.script = (request) => (steps.shift() ?? ((served) => served.serve()))(request);
}

const afterOpening = async (): Promise<void> => {
  await kv.put("first", "0");
  node.received.length = 0;
};

describe("a broken stream", () => {
  it("sends again what is unanswered, in order, with the same session and sequences", async () => {
    await afterOpening();
    scriptNext(
      (request) => request.apply(),
      () => node.breakConnections(),
    );
    const one = kv.put("a", "1");
    await node.receivedAtLeast(1);
    const two = kv.put("b", "2");
    await Promise.all([one, two]);
    expect(node.texts).toEqual(["1/2: put a=1", "1/3: put b=2", "1/2: put a=1", "1/3: put b=2"]);
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "put b=2"]);
    expect(await one).toEqual({ revision: 2 });
  });

  it("opens another session where the answer to the opening was lost", async () => {
    scriptNext((request) => {
      request.apply();
      node.breakConnections();
    });
    await kv.put("a", "1");
    expect(node.texts).toEqual(["openSession", "openSession", "2/1: put a=1"]);
  });

  it("asks reads again", async () => {
    await kv.put("a", "1");
    scriptNext(() => node.breakConnections());
    expect((await kv.get("a"))?.text).toBe("1");
  });
});

describe("a gap", () => {
  it("sends again from the lowest unanswered sequence, after the answers to all that is in flight", async () => {
    await afterOpening();
    scriptNext(
      (request) => request.refuse({ code: ErrorCode.RESOURCE_EXHAUSTED }),
      (request) => request.serve(), // A gap now.
    );
    const one = kv.put("a", "1");
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([one, kv.put("b", "2")]);
    expect(node.texts.slice(-2)).toEqual(["1/2: put a=1", "1/3: put b=2"]);
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "put b=2"]);
  });

  it("sends nothing between a refusal and the answers to what was in flight behind it", async () => {
    const clock = new ManualClock();
    await using paced = new RaftKv({ endpoints: [node.address], clock, random: () => 0 });
    await paced.put("first", "0");
    node.received.length = 0;
    node.status = {};
    const held: Received[] = [];
    node.script = (request) => held.push(request);
    const writes = [paced.put("a", "1")];
    await node.receivedAtLeast(1);
    writes.push(paced.put("b", "2"));
    await node.receivedAtLeast(2);
    const [one, two] = held;
    one?.refuse({ code: ErrorCode.SEQUENCE_GAP, expectedSequence: 2n });
    await until(() => clock.nextInMs === 20); // The refusal has arrived.
    writes.push(paced.put("c", "3"));
    clock.advance(20);
    await paced.status(); // A round trip, in which it could go wrong.
    expect(node.texts).toHaveLength(2);
    node.script = (request) => request.serve();
    two?.serve();
    while (node.store.effects.length < 4) {
      if (clock.nextInMs <= 200) clock.advance(clock.nextInMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(writes);
    expect(node.texts.slice(2)).toEqual(["1/2: put a=1", "1/3: put b=2", "1/4: put c=3"]);
    expect(node.store.effects.slice(1)).toEqual(["put a=1", "put b=2", "put c=3"]);
  });

  it("takes a gap below what was answered for the end of the session", async () => {
    await afterOpening();
    scriptNext((request) => request.refuse({ code: ErrorCode.SEQUENCE_GAP, expectedSequence: 1n }));
    await kv.put("a", "1");
    expect(node.texts).toEqual(["1/2: put a=1", "openSession", "2/1: put a=1"]);
  });
});

describe("an expired session", () => {
  it("is opened anew where nothing was under way, and the write goes under the new one", async () => {
    await afterOpening();
    node.store.sessions.clear();
    expect(await kv.put("a", "1")).toEqual({ revision: 2 });
    expect(node.texts).toEqual(["1/2: put a=1", "openSession", "2/1: put a=1"]);
  });

  it("rejects what may have happened, and goes on with what certainly did not", async () => {
    await using two = new RaftKv({ endpoints: [node.address], random: () => 0, maxInflightBatches: 2 });
    await two.put("first", "0");
    node.received.length = 0;
    scriptNext(
      (request) => request.apply(),
      () => {
        node.store.sessions.clear();
        node.breakConnections();
      },
    );
    const applied = two.put("a", "1");
    const appliedEnd = expect(applied).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", outcomeUnknown: true });
    await node.receivedAtLeast(1);
    const lost = two.put("b", "2");
    const lostEnd = expect(lost).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", outcomeUnknown: true });
    await node.receivedAtLeast(2);
    const unsent = two.put("c", "3"); // The window is full.
    await Promise.all([appliedEnd, lostEnd]);
    await unsent;
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "put c=3"]);
  });

  it("rejects what a node has reported as unknown", async () => {
    await afterOpening();
    scriptNext((request) => {
      request.apply();
      node.store.sessions.clear();
      request.refuse({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
    });
    await expect(kv.put("a", "1")).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", outcomeUnknown: true });
  });

  it("keeps what was refused before what was not sent yet", async () => {
    await using narrow = new RaftKv({ endpoints: [node.address], maxInflightBatches: 1 });
    await narrow.put("first", "0");
    node.store.sessions.clear();
    const held: Received[] = [];
    scriptNext((request) => held.push(request));
    const before = node.received.length;
    const one = narrow.put("a", "1");
    await node.receivedAtLeast(before + 1);
    const two = narrow.put("b", "2");
    held[0]?.serve();
    await Promise.all([one, two]);
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "put b=2"]);
  });

  it("sends a whole pipeline of refused batches again, in order, under the new session", async () => {
    await afterOpening();
    node.store.sessions.clear();
    const held: (() => void)[] = [];
    node.script = (request) => held.push(() => request.serve());
    const writes: Promise<unknown>[] = [];
    for (const key of ["a", "b", "c"]) {
      writes.push(kv.put(key, "v"));
      await node.receivedAtLeast(writes.length);
    }
    node.script = (request) => request.serve();
    for (const serve of held) serve();
    await Promise.all(writes);
    expect(node.texts.slice(3)).toEqual(["openSession", "2/1: put a=v, put b=v, put c=v"]);
    expect(node.store.effects).toEqual(["put first=0", "put a=v", "put b=v", "put c=v"]);
  });
});

describe("giving up", () => {
  it("takes back what was not sent yet, which certainly did not happen", async () => {
    const abort = new AbortController();
    const given = kv.put("a", "1", { signal: abort.signal });
    abort.abort("changed my mind");
    await expect(given).rejects.toMatchObject({
      code: "ABORTED",
      outcomeUnknown: false,
      cause: "changed my mind",
    });
    await kv.put("b", "2");
    expect(node.store.effects).toEqual(["put b=2"]);
  });

  it("refuses a call whose signal has fired already", async () => {
    const given = kv.put("a", "1", { signal: AbortSignal.abort() });
    await expect(given).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: false });
  });

  it("leaves the outcome of what was sent unknown, and sends a skip in its place", async () => {
    await afterOpening();
    const abort = new AbortController();
    scriptNext(() => undefined);
    const given = kv.put("a", "1", { signal: abort.signal });
    const kept = kv.put("b", "2");
    await node.receivedAtLeast(1);
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: true });
    node.breakConnections();
    await kept;
    expect(node.texts).toEqual(["1/2: put a=1, put b=2", "1/2: skip, put b=2"]);
    expect(node.store.effects).toEqual(["put first=0", "skip", "put b=2"]);
  });

  it("knows that a refused write did not happen, though its sequence is used up", async () => {
    await afterOpening();
    const abort = new AbortController();
    const clock = new ManualClock();
    await using paced = new RaftKv({ endpoints: [node.address], clock, random: () => 0 });
    await paced.put("second", "0");
    const before = node.received.length;
    scriptNext((request) => request.refuse({ code: ErrorCode.RESOURCE_EXHAUSTED }));
    const given = paced.put("a", "1", { signal: abort.signal });
    const kept = paced.put("b", "2");
    await node.receivedAtLeast(before + 1);
    await until(() => clock.nextInMs === 20); // The refusal has arrived.
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: false });
    clock.advance(20);
    await kept;
    expect(node.texts.slice(before)).toEqual(["2/2: put a=1, put b=2", "2/2: skip, put b=2"]);
  });

  it("rejects at the deadline, saying what is known and what failed last", async () => {
    const clock = new ManualClock();
    await using timed = new RaftKv({ endpoints: [node.address], clock, timeoutMs: 700 });
    await timed.put("first", "0");
    scriptNext(() => undefined);
    const before = node.received.length;
    const sent = timed.put("a", "1");
    await node.receivedAtLeast(before + 1);
    const ended = expect(sent).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", outcomeUnknown: true });
    clock.advance(699);
    clock.advance(1);
    await ended;
    const unsent = expect(timed.put("b", "2")).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      outcomeUnknown: false,
    });
    clock.advance(700);
    await unsent;
  });

  it("ends a read without an outcome to be in doubt about", async () => {
    scriptNext(() => undefined);
    const abort = new AbortController();
    const read = kv.get("a", { signal: abort.signal });
    await node.receivedAtLeast(1);
    abort.abort();
    await expect(read).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: false });
  });
});

describe("a refusal for good", () => {
  it("rejects the write that is at fault, and lets the others of its batch through", async () => {
    await afterOpening();
    node.script = (request) => {
      const tooLarge = request.commands?.operations.some(
        ({ operation }) => operation.case === "put" && operation.value.value.length > 3,
      );
      if (tooLarge) request.refuse({ code: ErrorCode.VALUE_TOO_LARGE, message: "the value has 4 bytes, at most 3" });
      else request.serve();
    };
    const writes = [kv.put("a", "1"), kv.put("b", "long"), kv.put("c", "3")];
    const ends = await Promise.allSettled(writes);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(writes[1]).rejects.toMatchObject({
      code: "VALUE_TOO_LARGE",
      outcomeUnknown: false,
      message: "put: the value has 4 bytes, at most 3",
    });
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "skip", "put c=3"]);
  });

  it("passes on the refusal of one operation that the state machine answered", async () => {
    await afterOpening();
    scriptNext((request) => {
      const error = create(ErrorDetailSchema, { code: ErrorCode.KEY_TOO_LARGE, message: "too long" });
      request.apply();
      request.answer({
        case: "results",
        value: {
          results: [
            create(OperationResultSchema, { result: { case: "error", value: error } }),
            create(OperationResultSchema, { result: { case: "put", value: { revision: 7n } } }),
          ],
        },
      });
    });
    const bad = kv.put("a", "1");
    const good = kv.put("b", "2");
    await expect(bad).rejects.toMatchObject({ code: "KEY_TOO_LARGE", outcomeUnknown: false });
    expect(await good).toEqual({ revision: 7 });
  });

  it("of a later version, which says nothing of the outcome, is not taken for a promise that nothing happened", async () => {
    await afterOpening();
    scriptNext((request) => {
      const error = fromJson(ErrorDetailSchema, { code: 999, message: "from the future" });
      request.answer({
        case: "results",
        value: { results: [create(OperationResultSchema, { result: { case: "error", value: error } })] },
      });
    });
    await expect(kv.put("a", "1")).rejects.toMatchObject({ code: "INTERNAL", outcomeUnknown: true });
  });

  it("finds the read that is at fault", async () => {
    await kv.put("a", "1");
    node.script = (request) => {
      if (request.text.includes("get bad")) request.refuse({ code: ErrorCode.KEY_TOO_LARGE, message: "too long" });
      else request.serve();
    };
    const [good, bad] = await Promise.allSettled([kv.get("a"), kv.get("bad")]);
    expect(good.status).toBe("fulfilled");
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "KEY_TOO_LARGE" } });
  });
});

describe("an answer that refuses one write for now and carries out those after it", () => {
  it("leaves open what became of those, until they have been asked for again", async () => {
    const clock = new ManualClock();
    await using paced = new RaftKv({ endpoints: [node.address], clock, random: () => 0 });
    await paced.put("first", "0");
    const before = node.received.length;
    scriptNext((request) => {
      request.apply();
      const error = create(ErrorDetailSchema, { code: ErrorCode.RESOURCE_EXHAUSTED });
      request.answer({
        case: "results",
        value: {
          results: [
            create(OperationResultSchema, { result: { case: "error", value: error } }),
            create(OperationResultSchema, { result: { case: "put", value: { revision: 3n } } }),
          ],
        },
      });
    });
    const abort = new AbortController();
    const one = paced.put("a", "1");
    const two = paced.put("b", "2", { signal: abort.signal });
    const given = expect(two).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: true });
    await node.receivedAtLeast(before + 1);
    await until(() => clock.nextInMs === 20); // The answer has arrived.
    abort.abort();
    await given;
    clock.advance(20);
    await one;
    expect(node.store.effects).toEqual(["put first=0", "put a=1", "put b=2"]);
  });
});

describe("an unknown outcome that the node reports", () => {
  it("is found out by asking again under the same sequence", async () => {
    const store = new FakeStore();
    await using other = await ScriptedNode.start(store);
    await using first = await ScriptedNode.start(store);
    await using client = new RaftKv({ endpoints: [first.address, other.address], random: () => 0 });
    await client.put("first", "0");
    first.script = (request) => {
      request.apply();
      request.refuse({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
    };
    expect(await client.put("a", "1")).toEqual({ revision: 2 });
    expect(store.effects).toEqual(["put first=0", "put a=1"]);
    expect(other.texts).toEqual(["1/2: put a=1"]);
  });

  it("says so where the answer was given up", async () => {
    await afterOpening();
    scriptNext((request) => request.refuse({ code: ErrorCode.ANSWER_DISCARDED }));
    await expect(kv.put("a", "1")).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", outcomeUnknown: true });
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
