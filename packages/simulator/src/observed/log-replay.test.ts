import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@raftkv/kv-server";
import { CommandBatchSchema, ComparisonRelation, FenceSchema, type OperationSchema } from "@raftkv/proto/kv";
import { describe, expect, it } from "vitest";
import { LogReplay } from "./log-replay.ts";

type Batch = Pick<MessageInitShape<typeof CommandBatchSchema>, "sessionId" | "firstSequence">;
type OperationInit = Pick<MessageInitShape<typeof OperationSchema>, "operation" | "fence">;

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, more: { leaseId?: bigint; ttlMs?: bigint; keepLease?: boolean } = {}): OperationInit => {
  return { operation: { case: "put", value: { key: bytes(key), value: bytes("1"), ...more } } };
};
const grant: OperationInit = { operation: { case: "grantLease", value: { ttlMs: 100n, leaseId: 7n } } };
const keepAlive: OperationInit = { operation: { case: "keepLeaseAlive", value: { leaseId: 7n } } };
const revoke: OperationInit = { operation: { case: "revokeLease", value: { leaseId: 7n } } };
const expire: OperationInit = { operation: { case: "expireLeases", value: {} } };
const granted = { kind: "grantLease", leaseId: 7, ttlMs: 100 };
const notFound = { kind: "refused", code: "leaseNotFound" };

/** A log of commands with what was answered; from the second on, leases are known. */
class Log {
  readonly replay = new LogReplay();
  #index = 0;

  constructor() {
    const raise: OperationInit = { operation: { case: "raiseApplyVersion", value: { applyVersion: 3 } } };
    this.at(0, raise, { kind: "raiseApplyVersion", applyVersion: 3 });
  }

  at(timeMs: number, operation: OperationInit, answer: object, batch: Batch = {}): this {
    const command = toBinary(CommandBatchSchema, create(CommandBatchSchema, { ...batch, operations: [operation] }));
    const entry = { kind: "command", index: ++this.#index, term: 1, payload: encodeEnvelope(timeMs, command) } as const;
    this.replay.apply({ entry, result: JSON.stringify({ kind: "answers", answers: [answer] }), atMs: timeMs });
    return this;
  }

  get wrong(): string | undefined {
    return this.replay.wrong && `${this.replay.wrong.promise}: ${this.replay.wrong.message}`;
  }
}

const expired = (revision: number, expired: number, deleted: number) => {
  return { kind: "expireLeases", revision, expired, deleted, more: false };
};

describe("leases in a log", () => {
  it("end once they are over, with all keys that have not left them, at one revision", () => {
    const log = new Log().at(0, grant, granted);
    log.at(1, put("a", { leaseId: 7n }), { kind: "put", revision: 2 });
    log.at(1, put("b", { leaseId: 7n }), { kind: "put", revision: 3 });
    log.at(1, put("c", { leaseId: 7n }), { kind: "put", revision: 4 });
    log.at(2, put("b"), { kind: "put", revision: 5 });
    log.at(2, put("c", { keepLease: true }), { kind: "put", revision: 6 });
    log.at(2, put("d", { ttlMs: 500n }), { kind: "put", revision: 7 });
    log.at(100, expire, expired(7, 0, 0));
    log.at(101, expire, expired(8, 1, 2));
    expect(log.wrong).toBeUndefined();
    expect(log.replay.written.at(-1)).toEqual({
      revision: 8,
      changes: [
        { key: "a", value: undefined },
        { key: "c", value: undefined },
      ],
    });
    log.at(503, expire, expired(9, 1, 1));
    expect(log.wrong).toBeUndefined();
    expect(log.replay.leases.lives.map(({ ended }) => ended?.how)).toEqual(["expired", "expired"]);
  });

  it("that end too early, too late, or with other keys are noticed", () => {
    const leased = () => new Log().at(0, grant, granted).at(1, put("a", { leaseId: 7n }), { kind: "put", revision: 2 });
    expect(leased().at(100, expire, expired(3, 1, 1)).wrong).toContain("1 leases with 1 keys, up to revision 3 have");
    expect(leased().at(101, expire, expired(2, 0, 0)).wrong).toContain("0 leases with 0 keys, up to revision 2 have");
    expect(leased().at(101, expire, expired(2, 1, 0)).wrong).toContain("1 leases with 1 keys, up to revision 3 are");
    const revoked = (deleted: number, revision: number) => ({ kind: "revokeLease", revision, deleted });
    expect(leased().at(2, revoke, revoked(1, 3)).wrong).toBeUndefined();
    expect(leased().at(2, revoke, revoked(0, 2)).wrong).toContain("lease 7 was revoked with");
  });

  it("are renewed and take keys while they live, and not after", () => {
    const renewed = { kind: "keepLeaseAlive", ttlMs: 100 };
    expect(
      new Log()
        .at(0, grant, granted)
        .at(100, keepAlive, renewed)
        .at(200, expire, expired(1, 0, 0)).wrong,
    ).toBeUndefined();
    expect(new Log().at(0, grant, granted).at(101, keepAlive, renewed).wrong).toContain(
      "lease 7 was renewed, and is over",
    );
    expect(new Log().at(0, grant, granted).at(100, keepAlive, notFound).wrong).toContain("not renewed, and is alive");
    const leased = put("a", { leaseId: 7n });
    expect(new Log().at(0, grant, granted).at(101, leased, { kind: "put", revision: 2 }).wrong).toContain(
      "which is over",
    );
    expect(new Log().at(0, grant, granted).at(100, leased, notFound).wrong).toContain("which is alive");
  });

  it("take keys in transactions as well, on the way that these go", () => {
    const step = (leaseId: bigint) =>
      ({ step: { case: "put", value: { key: bytes("a"), value: bytes("1"), leaseId } } }) as const;
    const kept = { step: { case: "put", value: { key: bytes("a"), keepValue: true, keepLease: true } } } as const;
    const compared = { relation: ComparisonRelation.EQUAL, target: { case: "createRevision", value: 0n } } as const;
    const taken: OperationInit = {
      operation: {
        case: "transaction",
        // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
        value: { comparisons: [{ key: bytes("a"), ...compared }], then: [step(7n)], otherwise: [kept] },
      },
    };
    const went = (succeeded: boolean, revision: number) => {
      return { kind: "transaction", revision, succeeded, results: [{ kind: "put", revision }] };
    };
    const log = new Log().at(0, grant, granted).at(1, taken, went(true, 2)).at(2, taken, went(false, 3));
    log.at(101, expire, expired(4, 1, 1));
    expect(log.wrong).toBeUndefined();
    expect(log.replay.written.map(({ changes }) => changes[0]?.value)).toEqual(["1", "1", undefined]);
    expect(new Log().at(0, grant, granted).at(101, taken, went(true, 2)).wrong).toContain("which is over");
    expect(new Log().at(0, grant, granted).at(100, taken, notFound).wrong).toContain("which is alive");
  });

  it("are renewed once by a renewal that was sent twice in its session", () => {
    const renewed = { kind: "keepLeaseAlive", ttlMs: 100 };
    const inSession = { sessionId: 9n, firstSequence: 1n };
    const log = new Log()
      .at(0, grant, granted)
      .at(50, keepAlive, renewed, inSession)
      .at(90, keepAlive, renewed, inSession);
    expect(log.at(151, expire, expired(1, 1, 0)).wrong).toBeUndefined();
  });
});

describe("fences in a log", () => {
  const fenced = (token: bigint): OperationInit => ({
    ...put("b"),
    fence: create(FenceSchema, { key: bytes("a"), token }),
  });
  const begun = () => new Log().at(0, put("a"), { kind: "put", revision: 2 });

  it("let through who holds, and nobody else", () => {
    expect(begun().at(0, fenced(2n), { kind: "put", revision: 3 }).wrong).toBeUndefined();
    expect(begun().at(0, fenced(1n), { kind: "refused", code: "fenced" }).wrong).toBeUndefined();
    expect(begun().at(0, fenced(1n), { kind: "put", revision: 3 }).wrong).toContain("a fence holds: a put took effect");
    expect(begun().at(0, fenced(2n), { kind: "refused", code: "fenced" }).wrong).toContain("a put was refused under");
  });
});
