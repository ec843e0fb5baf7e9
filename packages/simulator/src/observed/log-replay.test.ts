import { create } from "@bufbuild/protobuf";
import { ComparisonRelation, FenceSchema } from "@raftkv/proto/kv";
import { describe, expect, it } from "vitest";
import { bytesOf as bytes } from "../clients/utf8.ts";
import { CommandLog, type OperationInit } from "../test-rig/command-log.ts";

interface PutOptions {
  readonly leaseId?: bigint;
  readonly ttlMs?: bigint;
  readonly keepLease?: boolean;
  readonly keepValue?: boolean;
}

const putOf = (key: string, options: PutOptions = {}) => {
  return { case: "put", value: { key: bytes(key), value: bytes(options.keepValue ? "" : "1"), ...options } } as const;
};
const put = (key: string, options?: PutOptions): OperationInit => ({ operation: putOf(key, options) });
const grant: OperationInit = { operation: { case: "grantLease", value: { ttlMs: 100n, leaseId: 7n } } };
const keepAlive: OperationInit = { operation: { case: "keepLeaseAlive", value: { leaseId: 7n } } };
const revoke: OperationInit = { operation: { case: "revokeLease", value: { leaseId: 7n } } };
const expire: OperationInit = { operation: { case: "expireLeases", value: {} } };
const granted = { kind: "grantLease", leaseId: 7, ttlMs: 100 };
const notFound = { kind: "refused", code: "leaseNotFound" };

const expired = (revision: number, expired: number, deleted: number) => {
  return { kind: "expireLeases", revision, expired, deleted, more: false };
};

describe("leases in a log", () => {
  it("end once they are over, with all keys that have not left them, at one revision", () => {
    const log = new CommandLog().at(0, grant, granted);
    log.at(1, put("a", { leaseId: 7n }), { kind: "put", revision: 2 });
    log.at(1, put("b", { leaseId: 7n }), { kind: "put", revision: 3 });
    log.at(1, put("c", { leaseId: 7n }), { kind: "put", revision: 4 });
    log.at(2, put("b"), { kind: "put", revision: 5 });
    log.at(2, put("c", { keepLease: true }), { kind: "put", revision: 6 });
    log.at(2, put("d", { ttlMs: 500n }), { kind: "put", revision: 7 });
    log.at(100, expire, expired(7, 0, 0));
    log.at(101, expire, expired(8, 1, 2));
    expect(log.wrong).toBeUndefined();
    expect(log.history.replay.changesAt({ from: "", to: undefined }, 8)).toEqual([
      { key: "a", entry: undefined },
      { key: "c", entry: undefined },
    ]);
    log.at(503, expire, expired(9, 1, 1));
    expect(log.wrong).toBeUndefined();
    expect(log.history.leases.map(({ ended }) => ended?.how)).toEqual(["expired", "expired"]);
  });

  it("that end too early, too late, or with other keys are noticed", () => {
    const leased = () =>
      new CommandLog().at(0, grant, granted).at(1, put("a", { leaseId: 7n }), { kind: "put", revision: 2 });
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
      new CommandLog()
        .at(0, grant, granted)
        .at(100, keepAlive, renewed)
        .at(200, expire, expired(1, 0, 0)).wrong,
    ).toBeUndefined();
    expect(new CommandLog().at(0, grant, granted).at(101, keepAlive, renewed).wrong).toContain(
      "lease 7 was renewed, and is over",
    );
    expect(new CommandLog().at(0, grant, granted).at(100, keepAlive, notFound).wrong).toContain(
      "not renewed, and is alive",
    );
    const leased = put("a", { leaseId: 7n });
    expect(new CommandLog().at(0, grant, granted).at(101, leased, { kind: "put", revision: 2 }).wrong).toContain(
      "a put took effect, and lease 7 is over",
    );
    expect(new CommandLog().at(0, grant, granted).at(100, leased, notFound).wrong).toContain("nothing was in its way");
  });

  it("are renewed once by a renewal that was sent twice in its session", () => {
    const renewed = { kind: "keepLeaseAlive", ttlMs: 100 };
    const inSession = { sessionId: 9n, firstSequence: 1n };
    const log = new CommandLog()
      .at(0, grant, granted)
      .at(50, keepAlive, renewed, inSession)
      .at(90, keepAlive, renewed, inSession);
    expect(log.at(151, expire, expired(1, 1, 0)).wrong).toBeUndefined();
  });
});

/** A transaction that does this if `key` goes with `leaseId`, and nothing else. */
const transaction = (puts: readonly ReturnType<typeof putOf>[], key = "none", leaseId = 0n): OperationInit => {
  const target = { case: "leaseId", value: leaseId } as const;
  const comparisons = [{ key: bytes(key), relation: ComparisonRelation.EQUAL, target }];
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the command.
  return { operation: { case: "transaction", value: { comparisons, then: puts.map((step) => ({ step })) } } };
};
const did = (revision: number, puts: number, succeeded = true) => {
  const results = Array.from({ length: puts }, () => ({ kind: "put", revision }));
  return { kind: "transaction", succeeded, results, revision };
};
const missing = { kind: "refused", code: "keyNotFound" };
const entriesOf = ({ history }: CommandLog, ...keys: string[]) =>
  keys.map((key) => history.replay.entryAt(key, history.replay.latest));

describe("transactions with leases in a log", () => {
  const leased = () => new CommandLog().at(0, grant, granted);

  it("have their keys go with the leases that each put says", () => {
    const log = leased()
      .at(1, transaction([putOf("a", { leaseId: 7n }), putOf("b", { ttlMs: 500n }), putOf("c")]), did(2, 3))
      .at(2, transaction([putOf("a", { keepLease: true }), putOf("b", { keepValue: true })]), did(3, 2));
    expect(entriesOf(log, "a", "b", "c")).toMatchObject([{ leaseId: 7 }, { leaseId: 0, value: "1" }, { leaseId: 0 }]);
    expect(log.at(101, expire, expired(4, 1, 1)).wrong).toBeUndefined();
    expect(entriesOf(log, "a", "b")).toMatchObject([undefined, { version: 2 }]);
    expect(log.history.leases.map(({ ended }) => ended?.how)).toEqual(["expired", "written"]);
  });

  it("grant their keys time as of their own entry", () => {
    const log = () => new CommandLog().at(300, transaction([putOf("a", { ttlMs: 100n })]), did(2, 1));
    expect(log().at(400, expire, expired(2, 0, 0)).wrong).toBeUndefined();
    expect(log().at(401, expire, expired(3, 1, 1)).wrong).toBeUndefined();
    expect(log().at(400, expire, expired(3, 1, 1)).wrong).toContain("0 leases with 0 keys, up to revision 3 are over");
  });

  it("leave a key the time that it has, where they say so", () => {
    const begun = () => new CommandLog().at(0, put("a", { ttlMs: 100n }), { kind: "put", revision: 2 });
    const kept = begun().at(50, transaction([putOf("a", { keepLease: true })]), did(3, 1));
    expect(kept.at(101, expire, expired(4, 1, 1)).wrong).toBeUndefined();
    const anew = begun().at(50, transaction([putOf("a", { ttlMs: 100n })]), did(3, 1));
    expect(anew.at(101, expire, expired(3, 0, 0)).at(151, expire, expired(4, 1, 1)).wrong).toBeUndefined();
  });

  it("are refused as a whole where a lease is over or a key is not there, and nowhere else", () => {
    const both = transaction([putOf("a"), putOf("b", { leaseId: 7n })]);
    const kept = transaction([putOf("a"), putOf("b", { keepValue: true })]);
    const refused = leased()
      .at(101, both, notFound)
      .at(102, kept, missing)
      .at(103, put("c"), { kind: "put", revision: 2 });
    expect(refused.wrong).toBeUndefined();
    expect(entriesOf(refused, "a")).toEqual([undefined]);
    expect(refused.history.refused.map(({ refusal }) => refusal)).toEqual([
      { code: "leaseNotFound", leaseId: 7 },
      { code: "keyNotFound", key: "b" },
    ]);
    expect(leased().at(100, both, did(2, 2)).wrong).toBeUndefined();
    expect(leased().at(100, both, notFound).wrong).toContain("a transaction was refused as leaseNotFound, and nothing");
    expect(leased().at(101, both, did(2, 2)).wrong).toContain("a transaction took effect, and lease 7 is over");
    expect(leased().at(1, kept, notFound).wrong).toContain("as leaseNotFound, and b, which is to keep");
    expect(leased().at(1, put("a", { keepLease: true }), { kind: "put", revision: 2 }).wrong).toContain("is not there");
  });

  it("compare the leases that keys go with", () => {
    const begun = () => leased().at(1, put("a", { leaseId: 7n }), { kind: "put", revision: 2 });
    expect(begun().at(2, transaction([putOf("b")], "a", 7n), did(3, 1)).wrong).toBeUndefined();
    expect(begun().at(2, transaction([putOf("b")], "a", 6n), did(3, 1)).wrong).toContain("should have done else()");
    const own = begun().at(2, put("b", { ttlMs: 500n }), { kind: "put", revision: 3 });
    expect(own.at(3, transaction([putOf("c")], "b", 0n), did(4, 1)).wrong).toContain("should have done else()");
  });
});

describe("fences in a log", () => {
  const fenced = (token: bigint): OperationInit => ({
    ...put("b"),
    fence: create(FenceSchema, { key: bytes("a"), token }),
  });
  const begun = () => new CommandLog().at(0, put("a"), { kind: "put", revision: 2 });

  it("let through who holds, and nobody else", () => {
    expect(begun().at(0, fenced(2n), { kind: "put", revision: 3 }).wrong).toBeUndefined();
    expect(begun().at(0, fenced(1n), { kind: "refused", code: "fenced" }).wrong).toBeUndefined();
    expect(begun().at(0, fenced(1n), { kind: "put", revision: 3 }).wrong).toContain("a fence holds: a put took effect");
    expect(begun().at(0, fenced(2n), { kind: "refused", code: "fenced" }).wrong).toContain("a put was refused under");
  });

  it("come before leases", () => {
    const leased = (token: bigint) => ({ ...fenced(token), ...put("b", { leaseId: 7n }) });
    expect(begun().at(0, leased(2n), notFound).wrong).toBeUndefined();
    expect(begun().at(0, leased(2n), { kind: "put", revision: 3 }).wrong).toContain("a put took effect, and lease 7");
    expect(begun().at(0, leased(1n), notFound).wrong).toContain("refused as leaseNotFound under 1, which is not held");
  });
});
