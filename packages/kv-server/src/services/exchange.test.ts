import { create } from "@bufbuild/protobuf";
import { ErrorCode, ReadBatchSchema } from "@raftkv/proto/kv";
import { RaftError } from "@raftkv/raft-core";
import { describe, expect, test } from "vitest";
import { bytes, del, openSession, put, skip } from "../test-rig/command-log.ts";
import { ExchangeCall } from "../test-rig/exchange-call.ts";
import { pulled, pushed } from "../test-rig/exchange-carriers.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { serviceRig } from "../test-rig/service-rig.ts";
import type { KvServicesOptions } from "./service-context.ts";

describe.each([
  ["Connect", pulled],
  ["hand", pushed],
])("a stream carried by %s", (_, carry) => {
  async function openStream(options: Partial<KvServicesOptions> = {}) {
    const rig = await serviceRig(options);
    return { ...rig, stream: new ExchangeCall(rig, carry) };
  }

  describe("commands on a stream", () => {
    test("take effect in the order in which they were sent, and each is answered", async () => {
      const { stream, consensus } = await openStream();
      stream.commands({ operations: [openSession(10_000)] });
      await stream.received(1);
      expect(stream.answer(1n)).toMatchObject({
        case: "results",
        value: { results: [{ result: { case: "openSession", value: { sessionId: 1n } } }] },
      });
      for (let i = 0; i < 50; i++) {
        stream.commands({
          session: 1,
          first: 1 + 2 * i,
          operations: [put("a", `${i}`), i % 2 === 0 ? del("a") : skip],
        });
      }
      await stream.received(51);
      expect(stream.answers.every(({ response }) => response.case === "results")).toBe(true);
      expect(consensus.proposed.length).toBe(51);
      expect(stream.answer(2n)).toMatchObject({
        value: {
          results: [
            { result: { case: "put", value: { revision: 2n } } },
            { result: { case: "delete", value: { revision: 3n, deleted: true } } },
          ],
        },
      });
      expect(stream.answer(3n)).toMatchObject({
        value: { results: [{ result: { case: "put", value: { revision: 4n } } }, { result: { case: "skip" } }] },
      });
      stream.finish();
      expect(await stream.ended).toBeUndefined();
    });

    test("that are refused by the state say why", async () => {
      const { stream } = await openStream();
      stream.commands({ operations: [openSession(10_000)] });
      stream.commands({ session: 1, first: 3, operations: [skip] });
      stream.commands({ session: 99, first: 1, operations: [skip] });
      stream.commands({ operations: [openSession(1)] });
      await stream.received(4);
      expect(stream.answer(2n)).toMatchObject({
        case: "error",
        value: { code: ErrorCode.SEQUENCE_GAP, expectedSequence: 1n, outcomeUnknown: false },
      });
      expect(stream.answer(3n)).toMatchObject({ case: "error", value: { code: ErrorCode.SESSION_UNKNOWN } });
      expect(stream.answer(4n)).toMatchObject({
        case: "results",
        value: { results: [{ result: { case: "error", value: { code: ErrorCode.INVALID_REQUEST } } }] },
      });
    });

    test("that make no sense are refused before they are proposed, and the stream goes on", async () => {
      const { stream, consensus } = await openStream({ limits: { maxBatchOperations: 2, maxBatchBytes: 1_000 } });
      stream.send({ case: "commandBatch", value: Uint8Array.of(0xff) });
      stream.send({ case: undefined });
      stream.commands({ operations: [put("a", "1"), put("", "2")] });
      stream.commands({ operations: [skip, skip, skip] });
      stream.commands({ operations: [put("a", "x".repeat(1_000))] });
      stream.commands({ operations: [{}] });
      stream.commands({ operations: [put("a", "1")] });
      await stream.received(7);
      const codes = [1n, 2n, 3n, 4n, 5n, 6n]
        .map((id) => stream.answer(id))
        .map((a) => a?.case === "error" && a.value.code);
      const { INVALID_REQUEST, KEY_EMPTY } = ErrorCode;
      expect(codes).toEqual([
        INVALID_REQUEST,
        INVALID_REQUEST,
        KEY_EMPTY,
        INVALID_REQUEST,
        INVALID_REQUEST,
        INVALID_REQUEST,
      ]);
      expect(stream.answer(3n)).toMatchObject({ value: { message: "operations[1]: the key is empty" } });
      expect(stream.answer(7n)).toMatchObject({ case: "results" });
      expect(consensus.proposed.length).toBe(1);
    });

    test("are decoded once on the node that proposes them", async () => {
      const { stream, consensus, machine } = await openStream();
      stream.commands({ operations: [put("a", "1")] });
      await stream.received(1);
      const [payload] = consensus.proposed;
      if (payload === undefined) throw new Error("nothing was proposed");
      expect(machine.decoder.decode(payload)).toBe(machine.decoder.decode(payload));
      expect(machine.decoder.decode(payload.slice())).not.toBe(machine.decoder.decode(payload));
    });
  });

  describe("reads on a stream", () => {
    test("see what was acknowledged before, overtake slow commands, and share a read index", async () => {
      const { stream, consensus } = await openStream();
      stream.commands({ operations: [put("a", "1"), put("b", "2")] });
      await stream.received(1);
      consensus.holding = true;
      stream.commands({ operations: [put("a", "later")] });
      const reads = [stream.gets("a", "none"), stream.gets("b"), stream.gets("a")];
      await stream.received(4);
      expect(stream.answer(2n)).toBeUndefined();
      expect(stream.answer(reads[0] ?? 0n)).toMatchObject({
        case: "reads",
        value: {
          revision: 3n,
          results: [
            { result: { case: "get", value: { entry: { modRevision: 2n, keyText: "" } } } },
            { result: { case: "get", value: {} } },
          ],
        },
      });
      expect(consensus.readIndexes).toBeLessThan(3);
      consensus.commit();
      await stream.received(5);
    });

    test("answer each read by itself: ranges, mistakes, and what is too much", async () => {
      const { stream } = await openStream({ limits: { maxReadBytes: 500, maxRangesPerBatch: 2 } });
      stream.commands({ operations: [put("a", "x".repeat(300)), put("b", "x".repeat(300))] });
      await stream.received(1);
      const range = { operation: { case: "range" as const, value: { from: bytes("a"), limit: 1 } } };
      const get = (key: string) => ({ operation: { case: "get" as const, value: { key: bytes(key) } } });
      const mixed = stream.reads(create(ReadBatchSchema, { operations: [get(""), {}, range, get("b")] }));
      const ranges = stream.reads(create(ReadBatchSchema, { operations: [range, range, range] }));
      await stream.received(3);
      expect(stream.answer(mixed)).toMatchObject({
        case: "reads",
        value: {
          results: [
            { result: { case: "error", value: { code: ErrorCode.KEY_EMPTY } } },
            { result: { case: "error", value: { code: ErrorCode.INVALID_REQUEST } } },
            { result: { case: "range", value: { entries: [{ modRevision: 2n }], next: new Uint8Array(bytes("b")) } } },
            { result: { case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } } },
          ],
        },
      });
      expect(stream.answer(ranges)).toMatchObject({ case: "error", value: { code: ErrorCode.INVALID_REQUEST } });
    });

    test("fail with a code where nobody leads", async () => {
      const { stream, consensus } = await openStream();
      consensus.readIndexError = new RaftError("notLeader", "nobody leads");
      const id = stream.gets("a");
      await stream.received(1);
      expect(stream.answer(id)).toMatchObject({ case: "error", value: { code: ErrorCode.NO_LEADER } });
    });
  });

  describe("leadership", () => {
    test("when it is lost, pending commands are answered at once and the stream says who leads", async () => {
      const { stream, consensus } = await openStream();
      consensus.holding = true;
      stream.commands({ operations: [put("a", "1")] });
      stream.commands({ operations: [put("b", "1")] });
      while (consensus.waiting.length < 2) await promisesSettle();
      consensus.become("follower", 2);
      await stream.received(3);
      for (const id of [1n, 2n]) {
        expect(stream.answer(id)).toMatchObject({
          case: "error",
          value: { code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true, leader: { nodeId: 2n } },
        });
      }
      expect(stream.answer(0n)).toMatchObject({
        case: "leaderChange",
        value: { leader: { nodeId: 2n, address: "127.0.0.1:50052" } },
      });
      consensus.commit();
      const refused = stream.commands({ operations: [put("c", "1")] });
      await stream.received(4);
      expect(stream.answer(refused)).toMatchObject({
        case: "error",
        value: { code: ErrorCode.NOT_LEADER, outcomeUnknown: false, leader: { nodeId: 2n } },
      });
      await promisesSettle();
      expect(stream.answers.length).toBe(4);
    });

    test("each new leader is told of, also that there is none; becoming leader again is not", async () => {
      const { stream, consensus } = await openStream();
      stream.gets("a");
      await stream.received(1);
      consensus.become("follower", undefined);
      await stream.received(2);
      consensus.become("follower", 3);
      await stream.received(3);
      consensus.become("leader", 1);
      stream.commands({ operations: [put("a", "1")] });
      await stream.received(4);
      expect(stream.answers.map(({ response }) => response)).toMatchObject([
        { case: "reads" },
        { case: "leaderChange", value: {} },
        { case: "leaderChange", value: { leader: { nodeId: 3n } } },
        { case: "results" },
      ]);
    });

    test("other members are told of, the newest only where nobody has read of those before", async () => {
      const { stream, consensus } = await openStream();
      stream.gets("a");
      await stream.received(1);
      consensus.membersAre([{ id: 1, address: "127.0.0.1:50051", memberId: "member-1" }]);
      consensus.membersAre([{ id: 4, address: "127.0.0.1:50054", memberId: "member-4" }]);
      await stream.received(2);
      expect(stream.answers.map(({ response }) => response)).toMatchObject([
        { case: "reads" },
        { case: "membersChange", value: { addresses: ["127.0.0.1:50054"] } },
      ]);
    });
  });

  describe("bounds", () => {
    test("requests beyond them are refused, and taken again when answers have gone out", async () => {
      const { stream, consensus } = await openStream({ limits: { maxStreamRequests: 2 } });
      consensus.holding = true;
      for (let i = 0; i < 4; i++) stream.commands({ operations: [put("a", `${i}`)] });
      await stream.received(2);
      for (const id of [3n, 4n]) {
        expect(stream.answer(id)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
      }
      consensus.holding = false;
      consensus.commit();
      await stream.received(4);
      stream.commands({ operations: [put("a", "again")] });
      await stream.received(5);
      expect(stream.answer(5n)).toMatchObject({ case: "results" });
    });

    test("bytes count as well", async () => {
      const { stream, consensus } = await openStream({ limits: { maxStreamBytes: 1_000 } });
      consensus.holding = true;
      for (let i = 0; i < 3; i++) stream.commands({ operations: [put("a", "x".repeat(450))] });
      await stream.received(1);
      expect(stream.answer(3n)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
    });

    test("so do the keys that reads name", async () => {
      const { stream, consensus } = await openStream({ limits: { maxStreamBytes: 5_000 } });
      consensus.holdingReads = true;
      for (let i = 0; i < 3; i++) stream.gets(`${i}`.repeat(2_000));
      await stream.received(1);
      expect(stream.answer(3n)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
    });

    test("and what many small operations take once they are decoded, and their answers", async () => {
      const { stream, consensus } = await openStream({ limits: { maxStreamBytes: 50_000 } });
      consensus.holding = true;
      for (let i = 0; i < 10; i++) stream.commands({ operations: Array.from({ length: 200 }, () => del("a")) });
      await stream.received(1);
      expect(consensus.proposed.length).toBeLessThan(4);
    });

    test("the answers to reads are not made while too many wait for a client that takes none", async () => {
      const { stream, store } = await openStream({ limits: { maxStreamBytes: 40_000, maxConcurrentReads: 2 } });
      stream.commands({ operations: [put("a", "x".repeat(10_000))] });
      await stream.received(1);
      stream.paused = true;
      stream.gets("none");
      await stream.received(2);
      let made = 0;
      const { getMany } = store;
      store.getMany = (keys) => {
        made++;
        return getMany.call(store, keys);
      };
      const reads = Array.from({ length: 100 }, () => stream.gets("a", "in the engine"));
      for (let i = 0; i < 50; i++) await promisesSettle();
      expect(made).toBeLessThanOrEqual(6);
      stream.paused = false;
      await stream.received(102);
      const answers = reads.map((id) => stream.answer(id));
      expect(answers.filter((answer) => answer?.case === "reads").length).toBe(made);
      expect(answers.at(-1)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
      const again = stream.gets("a");
      await stream.received(103);
      expect(stream.answer(again)).toMatchObject({ case: "reads" });
    });

    test("a client that reads nothing is not read from for ever", async () => {
      const { stream, consensus } = await openStream({ limits: { maxStreamRequests: 4 } });
      stream.paused = true;
      for (let i = 0; i < 200; i++) stream.commands({ operations: [put("a", `${i}`)] });
      for (let i = 0; i < 50; i++) await promisesSettle();
      expect(consensus.proposed.length).toBeLessThanOrEqual(10);
      expect(stream.untaken).toBeGreaterThan(150);
      stream.paused = false;
      await stream.received(200);
    });

    test("answers that its client does not read count as under way until it does", async () => {
      const { stream, consensus, ...rig } = await openStream({ limits: { maxRequests: 4 } });
      consensus.holding = true;
      for (let i = 0; i < 4; i++) stream.commands({ operations: [put("a", `${i}`)] });
      while (consensus.waiting.length < 4) await promisesSettle();
      stream.paused = true;
      consensus.holding = false;
      consensus.commit();
      await stream.received(1);
      for (let i = 0; i < 20; i++) await promisesSettle();
      const other = new ExchangeCall(rig, carry);
      consensus.holding = true;
      for (let i = 0; i < 4; i++) other.commands({ operations: [put("b", `${i}`)] });
      for (let i = 0; i < 20; i++) await promisesSettle();
      expect(other.answer(3n)).toMatchObject({ case: "error", value: { code: ErrorCode.RESOURCE_EXHAUSTED } });
      stream.paused = false;
      await stream.received(4);
      consensus.holding = false;
      consensus.commit();
      await other.received(4);
      const last = other.commands({ operations: [put("c", "1")] });
      await other.received(5);
      expect(other.answer(last)).toMatchObject({ case: "results" });
    });

    test("what a stream held is free again when its client has gone", async () => {
      const { stream, kv, consensus, ...rig } = await openStream({ limits: { maxRequests: 2 } });
      consensus.holding = true;
      stream.commands({ operations: [put("a", "1")] });
      stream.commands({ operations: [put("b", "1")] });
      while (consensus.waiting.length < 2) await promisesSettle();
      stream.abort();
      await stream.ended;
      for (let i = 0; i < 5; i++) await promisesSettle();
      consensus.holding = false;
      const other = new ExchangeCall({ ...rig, kv }, carry);
      other.commands({ operations: [put("c", "1")] });
      await other.received(1);
      expect(other.answer(1n)).toMatchObject({ case: "results" });
    });

    test("streams are counted", async () => {
      const { stream, ...rig } = await openStream({ limits: { maxStreams: 1 } });
      stream.gets("a");
      await stream.received(1);
      const refused = new ExchangeCall(rig, carry);
      expect(await refused.ended).toMatchObject({ message: expect.stringContaining("streams open") });
      stream.finish();
      await stream.ended;
      const next = new ExchangeCall(rig, carry);
      next.gets("a");
      await next.received(1);
    });
  });

  describe("the end", () => {
    test("requests that are under way when the client has finished are still answered", async () => {
      const { stream, consensus } = await openStream();
      consensus.holding = true;
      stream.commands({ operations: [put("a", "1")] });
      stream.finish();
      while (consensus.waiting.length < 1) await promisesSettle();
      consensus.commit();
      expect(await stream.ended).toBeUndefined();
      expect(stream.answer(1n)).toMatchObject({ case: "results" });
    });

    test("draining refuses commands, answers those under way, and then streams are ended", async () => {
      const { stream, consensus, services } = await openStream();
      consensus.holding = true;
      stream.commands({ operations: [put("a", "1")] });
      while (consensus.waiting.length < 1) await promisesSettle();
      const drained = services.drain();
      stream.commands({ operations: [put("b", "1")] });
      await stream.received(1);
      expect(stream.answer(2n)).toMatchObject({ case: "error", value: { code: ErrorCode.SHUTTING_DOWN } });
      consensus.commit();
      await drained;
      services.close();
      expect(await stream.ended).toBeUndefined();
      expect(stream.answer(1n)).toMatchObject({ case: "results" });
    });
  });
});
