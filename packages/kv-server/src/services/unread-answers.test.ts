import { toBinary } from "@bufbuild/protobuf";
import { ErrorCode, ExchangeResponseSchema } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { bytes, type OperationInit, openSession, put } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { pulled, pushed } from "../test-rig/exchange-carriers.ts";
import { watchRig } from "../test-rig/watch-rig.ts";

const KIB = 1024;
const readA: OperationInit = {
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
  operation: { case: "transaction", value: { then: [{ step: { case: "get", value: { key: bytes("a") } } }] } },
};

describe.each([
  ["Connect", pulled],
  ["hand", pushed],
])("answers to commands, carried by %s", (_, carry) => {
  /** `a` has 100 KiB; the stream holds 400 KiB, and its client takes nothing. */
  async function unread(session: number) {
    const rig = await watchRig({ limits: { maxStreamBytes: 400 * KIB } }, 3);
    const stream = new ExchangeCall(rig, carry);
    stream.commands({ operations: [put("a", "x".repeat(100 * KIB))] });
    if (session > 0) stream.commands({ operations: [openSession(60_000)] });
    const before = session > 0 ? 2 : 1;
    await stream.received(before);
    stream.paused = true;
    return { rig, stream, before };
  }

  test("that are not read are held up to a bound in bytes; beyond it the client hears that they were", async () => {
    const { rig, stream, before } = await unread(0);
    rig.consensus.holding = true;
    const asked = Array.from({ length: 100 }, () => stream.commands({ operations: [readA] }));
    while (rig.consensus.waiting.length < asked.length) await new Promise((resolve) => setImmediate(resolve));
    rig.consensus.holding = false;
    rig.consensus.commit();
    for (let turns = 0; turns < 300; turns++) await new Promise((resolve) => setImmediate(resolve));
    stream.paused = false;
    await stream.received(before + asked.length);
    const answers = asked.map((id) => stream.answer(id));
    const told = stream.answers
      .slice(before)
      .reduce((sum, one) => sum + toBinary(ExchangeResponseSchema, one).length, 0);
    // What was sent when there was room, the bound, and the one that went beyond it.
    expect(told).toBeLessThan(900 * KIB);
    const dropped = answers.filter((answer) => answer?.case === "error");
    expect(dropped.length).toBeGreaterThan(90);
    expect(dropped[0]).toMatchObject({ value: { code: ErrorCode.RESOURCE_EXHAUSTED, outcomeUnknown: true } });
  });

  test("of a session are told when it asks again", async () => {
    const { rig, stream, before } = await unread(3);
    const batch = (first: number) => ({ session: 3, first, operations: [readA] });
    rig.consensus.holding = true;
    const asked = Array.from({ length: 20 }, (_, i) => stream.commands(batch(i + 1)));
    while (rig.consensus.waiting.length < asked.length) await new Promise((resolve) => setImmediate(resolve));
    rig.consensus.holding = false;
    rig.consensus.commit();
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    stream.paused = false;
    await stream.received(before + asked.length);
    expect(stream.answer(asked[19] ?? 0n)).toMatchObject({ case: "error" });
    const again = stream.commands(batch(20));
    await stream.received(before + asked.length + 1);
    expect(stream.answer(again)).toMatchObject({
      case: "results",
      value: { results: [{ result: { case: "transaction" } }] },
    });
  });
});

test("take the room of others only for a while, from clients that do not read", async () => {
  const rig = await watchRig({ limits: { maxStreamBytes: 400 * KIB, maxRequestBytes: 800 * KIB } }, 3);
  const stalled = [1, 2].map(() => new ExchangeCall(rig, pushed));
  const [first, ...others] = stalled;
  first?.commands({ operations: [put("a", "x".repeat(100 * KIB))] });
  for (const stream of others) stream.gets("b");
  for (const stream of stalled) await stream.received(1);
  for (const stream of stalled) {
    stream.paused = true;
    for (let i = 0; i < 10; i++) stream.gets("a");
  }
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
  const other = new ExchangeCall(rig, pushed);
  const refused = other.commands({ operations: [put("b", "x".repeat(200 * KIB))] });
  await other.received(1);
  expect(other.answer(refused)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
  rig.clock.advance(5_000);
  const taken = other.commands({ operations: [put("b", "x".repeat(200 * KIB))] });
  await other.received(2);
  expect(other.answer(taken)).toMatchObject({ case: "results" });
  for (const stream of stalled) stream.paused = false;
  const ends = await Promise.all(stalled.map(({ ended }) => ended));
  expect(ends).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/does not read its answers/) }));
});
