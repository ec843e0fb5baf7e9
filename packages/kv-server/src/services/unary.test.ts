import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Role } from "@raftkv/proto/cluster";
import { Consistency, ErrorCode, ErrorDetailSchema, PutRequestSchema, PutResponseSchema } from "@raftkv/proto/kv";
import { RaftError } from "@raftkv/raft-core";
import { describe, expect, test } from "vitest";
import { bytes } from "../test-rig/command-log.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { rawCall } from "../test-rig/raw-call.ts";
import { failureOfCall, serviceRig } from "../test-rig/service-rig.ts";
import { isWriteMethod } from "./method-path.ts";

const textKey = (text: string) => ({ keyForm: { case: "keyText", value: text } }) as const;
const key = (value: Uint8Array) => ({ keyForm: { case: "key", value } }) as const;
const textPut = (k: string, v: string) => ({ ...textKey(k), valueForm: { case: "valueText", value: v } }) as const;

describe("puts, gets and deletes", () => {
  test("answer with revisions, in bytes and in text", async () => {
    const { kv } = await serviceRig();
    expect((await kv.put(textPut("ä", "ö"))).revision).toBe(2n);
    const put = await kv.put({ ...key(Uint8Array.of(0xff)), valueForm: { case: "value", value: new Uint8Array(0) } });
    expect(put.revision).toBe(3n);
    const text = await kv.get(textKey("ä"));
    expect(text).toMatchObject({ found: true, revision: 3n });
    expect(text.entry).toMatchObject({
      keyText: "ä",
      valueText: "ö",
      createRevision: 2n,
      modRevision: 2n,
      version: 1n,
    });
    const binary = await kv.get(key(Buffer.from("ä")));
    expect(binary.entry).toMatchObject({ keyText: "", valueText: "", value: new Uint8Array(Buffer.from("ö")) });
    expect(await kv.delete(textKey("ä"))).toMatchObject({ revision: 4n, deleted: true });
    expect(await kv.delete(textKey("ä"))).toMatchObject({ revision: 4n, deleted: false });
    expect(await kv.get(textKey("ä"))).toMatchObject({ found: false, revision: 4n });
  });

  test("a value that is no UTF-8 has no text form", async () => {
    const { kv } = await serviceRig();
    await kv.put({ ...textKey("a"), valueForm: { case: "value", value: Uint8Array.of(0xc3) } });
    expect((await kv.get(textKey("a"))).entry).toMatchObject({
      keyText: "a",
      valueText: "",
      value: Uint8Array.of(0xc3),
    });
  });

  test("ranges come in pages, by bytes and by prefix", async () => {
    const { kv } = await serviceRig();
    for (const name of ["a", "p/1", "p/2", "p/3", "q"]) await kv.put(textPut(name, "v"));
    const first = await kv.range({ prefixText: "p/", limit: 2 });
    expect(first.entries.map(({ keyText }) => keyText)).toEqual(["p/1", "p/2"]);
    expect(Buffer.from(first.next).toString()).toBe("p/3");
    const second = await kv.range({ prefixText: "p/", limit: 2, from: first.next });
    expect(second.entries.map(({ keyText }) => keyText)).toEqual(["p/3"]);
    expect(second.next.length).toBe(0);
    const all = await kv.range({ from: bytes("p"), keysOnly: true, consistency: Consistency.SERIALIZABLE });
    expect(all.entries.map((e) => `${Buffer.from(e.key)}=${Buffer.from(e.value)}`)).toEqual([
      "p/1=",
      "p/2=",
      "p/3=",
      "q=",
    ]);
    expect((await kv.range({ from: bytes("b"), to: bytes("a") })).entries).toEqual([]);
  });
});

describe("bad input is refused with its code, and nothing happens", () => {
  const large = (length: number) => new Uint8Array(length).fill(97);
  test.each([
    ["an empty key", { ...key(large(0)), ...value("") }, ErrorCode.KEY_EMPTY],
    ["no key", { ...value("") }, ErrorCode.KEY_EMPTY],
    ["a long key", { ...key(large(4097)), ...value("") }, ErrorCode.KEY_TOO_LARGE],
    [
      "a long value",
      { ...key(large(4096)), valueForm: { case: "value", value: large(1024 * 1024 + 1) } },
      ErrorCode.VALUE_TOO_LARGE,
    ],
    ["no value", key(large(1)), ErrorCode.INVALID_REQUEST],
  ] as const)("%s", async (_name, request, code) => {
    const { kv, consensus } = await serviceRig();
    const { error, detail } = await failureOfCall(kv.put(request));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(detail).toMatchObject({ code, outcomeUnknown: false });
    expect(consensus.proposed).toEqual([]);
  });

  test("keys and values as long as allowed are taken", async () => {
    const { kv } = await serviceRig();
    await kv.put({ ...key(large(4096)), valueForm: { case: "value", value: large(1024 * 1024) } });
    expect((await kv.get(key(large(4096)))).entry?.value.length).toBe(1024 * 1024);
  });

  test("an unknown consistency, a range that contradicts itself, an empty key to get", async () => {
    const { kv } = await serviceRig();
    const codes = [];
    for (const call of [
      kv.get({ ...textKey("a"), consistency: 17 as Consistency }),
      kv.range({ prefixText: "a", to: bytes("b") }),
    ]) {
      codes.push((await failureOfCall(call)).detail.code);
    }
    expect(codes).toEqual([ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST]);
    expect((await failureOfCall(kv.get({}))).detail.code).toBe(ErrorCode.KEY_EMPTY);
  });

  test.each([
    ["lone surrogates in JSON", Buffer.from('{"keyText":"\\ud800","valueText":""}'), 400, "invalid_argument"],
    [
      "invalid UTF-8 in JSON",
      Buffer.concat([Buffer.from('{"keyText":"'), Uint8Array.of(0xff), Buffer.from('"}')]),
      400,
      "invalid_argument",
    ],
    ["JSON that is none", Buffer.from("{"), 400, "invalid_argument"],
  ] as const)("%s", async (_name, body, status, code) => {
    const answer = await postPut("application/json", body);
    expect(answer.status).toBe(status);
    expect(answer.error).toMatchObject({ code });
  });

  test("invalid UTF-8 in a binary text field is an error, not a key", async () => {
    const good = toBinary(PutRequestSchema, create(PutRequestSchema, textPut("k", "v")));
    const bad = Uint8Array.from(good, (byte) => (byte === 0x6b ? 0xff : byte));
    const answer = await postPut("application/proto", bad);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.error).toMatchObject({ message: expect.stringContaining("utf-8") });
  });
});

function value(text: string) {
  return { valueForm: { case: "value", value: bytes(text) } } as const;
}

async function postPut(contentType: string, body: Uint8Array) {
  const { services } = await serviceRig();
  return rawCall(services, "Put", body, { "content-type": contentType });
}

describe("writes and the leader", () => {
  test("a node that does not lead says who does, or that nobody does", async () => {
    const { kv, consensus } = await serviceRig();
    consensus.become("follower", 2);
    const led = await failureOfCall(kv.put(textPut("a", "1")));
    expect(led.error.code).toBe(Code.FailedPrecondition);
    expect(led.detail).toMatchObject({
      code: ErrorCode.NOT_LEADER,
      outcomeUnknown: false,
      leader: { nodeId: 2n, address: "127.0.0.1:50052" },
    });
    consensus.become("candidate", undefined);
    const nobody = await failureOfCall(kv.put({ ...textPut("a", "1"), forward: true }));
    expect(nobody.error.code).toBe(Code.Unavailable);
    expect(nobody.detail).toMatchObject({ code: ErrorCode.NO_LEADER, outcomeUnknown: false });
    expect(consensus.proposed).toEqual([]);
  });

  test("a write that consensus cannot answer for any more, as leadership is lost, has an unknown outcome", async () => {
    const { kv, consensus } = await serviceRig();
    consensus.holding = true;
    const failing = failureOfCall(kv.put(textPut("a", "1")));
    await waitFor(() => consensus.waiting.length === 1);
    consensus.become("follower", 3);
    expect((await failing).detail).toMatchObject({
      code: ErrorCode.OUTCOME_UNKNOWN,
      outcomeUnknown: true,
      leader: { nodeId: 3n },
    });
  });

  test("a write whose deadline passes has an unknown outcome", async () => {
    const { services, consensus } = await serviceRig();
    consensus.holding = true;
    const { error } = await rawCall(services, "Put", Buffer.from('{"keyText":"a","valueText":"1"}'), {
      "content-type": "application/json",
      "connect-timeout-ms": "20",
    });
    expect(consensus.waiting.length).toBe(1);
    expect(error).toMatchObject({ code: "deadline_exceeded", details: [{ type: ErrorDetailSchema.typeName }] });
    expect(detailOf(error)).toMatchObject({ code: ErrorCode.DEADLINE_EXCEEDED, outcomeUnknown: true });
  });

  test.each([
    ["overloaded", ErrorCode.RESOURCE_EXHAUSTED, Code.ResourceExhausted, false],
    ["tooLarge", ErrorCode.INVALID_REQUEST, Code.InvalidArgument, false],
    ["transferring", ErrorCode.NO_LEADER, Code.Unavailable, false],
    ["targetNotReady", ErrorCode.TRANSFER_FAILED, Code.FailedPrecondition, false],
    ["transferFailed", ErrorCode.TRANSFER_FAILED, Code.FailedPrecondition, true],
    ["superseded", ErrorCode.NOT_LEADER, Code.FailedPrecondition, false],
    ["outcomeUnknown", ErrorCode.OUTCOME_UNKNOWN, Code.Unknown, true],
    ["closed", ErrorCode.SHUTTING_DOWN, Code.Unavailable, false],
    ["failed", ErrorCode.INTERNAL, Code.Internal, true],
  ] as const)("an error of consensus keeps its meaning: %s", async (raftCode, code, connectCode, outcomeUnknown) => {
    const { kv, consensus } = await serviceRig();
    consensus.refuse = new RaftError(raftCode, "said consensus");
    const { error, detail } = await failureOfCall(kv.put(textPut("a", "1")));
    expect(error.code).toBe(connectCode);
    expect(detail).toMatchObject({ code, outcomeUnknown });
  });

  test("only Put, Delete and Compact are writes", () => {
    const names = ["Put", "Delete", "Compact", "Get", "Range", "History", "Exchange"];
    const paths = names.map((name) => `/raftkv.kv.v1.KvService/${name}`);
    expect(paths.filter(isWriteMethod)).toEqual(paths.slice(0, 3));
  });
});

describe("forwarding", () => {
  async function forwarding(answer: (request: unknown) => Promise<unknown>) {
    const calls: unknown[] = [];
    const rig = await serviceRig({
      forward: (leader) => ({
        put: async (request) => {
          calls.push({ leader, forward: request.forward });
          await answer(request);
          return create(PutResponseSchema, { revision: 9n });
        },
        delete: () => Promise.reject(new Error("not asked for")),
        compact: () => Promise.reject(new Error("not asked for")),
        deleteRange: () => Promise.reject(new Error("not asked for")),
        transaction: () => Promise.reject(new Error("not asked for")),
        grantLease: () => Promise.reject(new Error("not asked for")),
        keepLeaseAlive: () => Promise.reject(new Error("not asked for")),
        revokeLease: () => Promise.reject(new Error("not asked for")),
      }),
    });
    rig.consensus.become("follower", 2);
    return { ...rig, calls };
  }

  test("passes a write on to the leader, once, when asked to", async () => {
    const { kv, calls, consensus } = await forwarding(async () => undefined);
    expect((await kv.put({ ...textPut("a", "1"), forward: true })).revision).toBe(9n);
    expect(calls).toEqual([{ leader: { nodeId: 2, address: "127.0.0.1:50052" }, forward: false }]);
    expect((await failureOfCall(kv.put(textPut("a", "1")))).detail.code).toBe(ErrorCode.NOT_LEADER);
    consensus.become("leader", 1);
    expect((await kv.put({ ...textPut("a", "1"), forward: true })).revision).toBe(2n);
    expect(calls.length).toBe(1);
  });

  test("hands the leader's own refusal on", async () => {
    const detail = {
      desc: ErrorDetailSchema,
      value: { code: ErrorCode.NOT_LEADER, leader: { nodeId: 3n, address: "x:1" } },
    };
    const { kv, calls } = await forwarding(() =>
      Promise.reject(new ConnectError("no", Code.FailedPrecondition, undefined, [detail])),
    );
    const failed = await failureOfCall(kv.put({ ...textPut("a", "1"), forward: true }));
    expect(failed.detail).toMatchObject({ code: ErrorCode.NOT_LEADER, outcomeUnknown: false, leader: { nodeId: 3n } });
    expect(calls.length).toBe(1);
  });

  test("does not know the outcome when the leader does not answer, and does not try again", async () => {
    const { kv, calls } = await forwarding(() => Promise.reject(new ConnectError("broken pipe", Code.Unavailable)));
    const failed = await failureOfCall(kv.put({ ...textPut("a", "1"), forward: true }));
    expect(failed.error.code).toBe(Code.Unknown);
    expect(failed.detail).toMatchObject({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
    expect(calls.length).toBe(1);
  });
});

describe("reads and the leader", () => {
  test("reads of one turn share a read index; serializable ones need none", async () => {
    const { kv, consensus } = await serviceRig();
    await Promise.all(Array.from({ length: 10 }, (_, i) => kv.get(textKey(`${i}`))));
    expect(consensus.readIndexes).toBe(1);
    await kv.get({ ...textKey("a"), consistency: Consistency.SERIALIZABLE });
    expect(consensus.readIndexes).toBe(1);
    await kv.get(textKey("a"));
    expect(consensus.readIndexes).toBe(2);
  });

  test("any node serves reads, until nobody leads", async () => {
    const { kv, consensus } = await serviceRig();
    consensus.become("follower", 2);
    expect((await kv.get(textKey("a"))).found).toBe(false);
    consensus.readIndexError = new RaftError("notLeader", "nobody leads");
    const { error, detail } = await failureOfCall(kv.get(textKey("a")));
    expect(error.code).toBe(Code.Unavailable);
    expect(detail).toMatchObject({ code: ErrorCode.NO_LEADER, outcomeUnknown: false });
    expect((await kv.get({ ...textKey("a"), consistency: Consistency.SERIALIZABLE })).found).toBe(false);
  });

  test("a read whose deadline passes says so, and knows that nothing happened", async () => {
    const { services, consensus } = await serviceRig();
    consensus.holdingReads = true;
    const { error } = await rawCall(services, "Get", Buffer.from('{"keyText":"a"}'), {
      "content-type": "application/json",
      "connect-timeout-ms": "20",
    });
    expect(detailOf(error)).toMatchObject({ code: ErrorCode.DEADLINE_EXCEEDED, outcomeUnknown: false });
  });
});

describe("draining", () => {
  test("refuses new writes, answers those under way, and lets reads go on", async () => {
    const { kv, consensus, services } = await serviceRig();
    consensus.holding = true;
    const putting = kv.put(textPut("a", "1"));
    await waitFor(() => consensus.waiting.length === 1);
    let drained = false;
    const draining = services.drain().then(() => {
      drained = true;
    });
    const { error, detail } = await failureOfCall(kv.put(textPut("b", "1")));
    expect(error.code).toBe(Code.Unavailable);
    expect(detail).toMatchObject({ code: ErrorCode.SHUTTING_DOWN, outcomeUnknown: false });
    expect(drained).toBe(false);
    consensus.commit();
    expect((await putting).revision).toBe(2n);
    await draining;
    expect((await kv.get(textKey("a"))).found).toBe(true);
  });
});

test("more requests than allowed are refused", async () => {
  const { kv, consensus } = await serviceRig({ limits: { maxRequests: 2 } });
  consensus.holding = true;
  const accepted = [kv.put(textPut("a", "1")), kv.put(textPut("b", "1"))];
  await waitFor(() => consensus.waiting.length === 2);
  expect((await failureOfCall(kv.put(textPut("c", "1")))).detail.code).toBe(ErrorCode.RESOURCE_EXHAUSTED);
  consensus.commit();
  await Promise.all(accepted);
  consensus.holding = false;
  expect((await kv.put(textPut("c", "1"))).revision).toBe(4n);
});

test("the status is the node's own view", async () => {
  const { kv, cluster, machine } = await serviceRig();
  await kv.put(textPut("a", "1"));
  await machine.flush();
  const status = await cluster.status({});
  expect(status).toMatchObject({
    clusterId: "cluster",
    nodeId: 1n,
    memberId: "member-1",
    address: "127.0.0.1:50051",
    version: "1.2.3",
    role: Role.LEADER,
    term: 1n,
    leaderId: 1n,
    appliedIndex: 1n,
    durableIndex: 1n,
    firstIndex: 5n,
    logBytes: 77n,
    snapshotBytes: 33n,
    revision: 2n,
  });
  expect(status.members.map(({ address }) => address)).toEqual([
    "127.0.0.1:50051",
    "127.0.0.1:50052",
    "127.0.0.1:50053",
  ]);
  expect(status.stateBytes).toBeGreaterThan(0n);
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await promisesSettle();
}

interface JsonError {
  readonly details: readonly { readonly value: string }[];
}

/** The detail as plain HTTP clients get it. */
function detailOf(error: unknown) {
  const [detail] = (error as JsonError).details;
  return fromBinary(ErrorDetailSchema, Buffer.from(detail?.value ?? "", "base64"));
}
