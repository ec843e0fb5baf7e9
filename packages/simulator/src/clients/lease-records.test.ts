import type { RaftKvErrorCode } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import type { LeasedPut, LeasedTransaction, PutLease } from "../history/models/leased-operation.ts";
import { CommandLog, type OperationInit } from "../test-rig/command-log.ts";
import { markKey } from "./draw-transaction.ts";
import { type LeaseAsked, LeaseRecords } from "./lease-records.ts";
import { bytesOf as bytes } from "./utf8.ts";

interface WirePut {
  readonly leaseId?: bigint;
  readonly ttlMs?: bigint;
  readonly keepLease?: boolean;
}

const wirePut = (key: string, value: string, options: WirePut = {}) => {
  return { case: "put", value: { key: bytes(key), value: bytes(value), ...options } } as const;
};
const operation = (of: NonNullable<OperationInit["operation"]>): OperationInit => ({ operation: of });
const wireTransaction = (...puts: readonly ReturnType<typeof wirePut>[]): OperationInit => {
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the command.
  return operation({ case: "transaction", value: { then: puts.map((step) => ({ step })) } });
};
const grant = operation({ case: "grantLease", value: { ttlMs: 100n, leaseId: 7n } });
const expire = operation({ case: "expireLeases", value: {} });
const expired = (revision: number, deleted: number) => {
  return { kind: "expireLeases", revision, expired: 1, deleted, more: false };
};

const put = (key: string, value: string | undefined, lease?: PutLease): LeasedPut => ({
  kind: "put",
  key,
  value,
  lease,
});
const transaction = (...then: readonly LeasedPut[]): LeasedTransaction => {
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
  return { kind: "transaction", compare: [], then: [put(markKey, "x1"), ...then], else: [] };
};
const done = (revision: number, puts: number) => {
  return {
    kind: "transaction",
    succeeded: true,
    revision,
    answers: Array.from({ length: puts }, () => ({ kind: "put" })),
  };
};

/** One call, from `calledAt` to `answeredAt`, and what it was answered, or refused as. */
type Told = readonly [calledAt: number, answeredAt: number, asked: LeaseAsked, answer: object | RaftKvErrorCode];

function wrong(log: CommandLog, ...told: readonly Told[]): string | undefined {
  expect(log.wrong).toBeUndefined();
  const records = new LeaseRecords({ scheduler: { nowMs: 0 }, fastestClock: 1 });
  for (const [calledAt, answeredAt, asked, answer] of told) {
    const outcome =
      typeof answer === "string"
        ? ({ kind: "refused", code: answer } as const)
        : ({ kind: "answered", value: answer } as const);
    records.add({ client: "c", asked, calledAt, answeredAt, outcome });
  }
  try {
    records.check(log.history);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("what is told of leases in transactions", () => {
  const begun = () => {
    const [mark, leased] = [wirePut(markKey, "x1"), wirePut("a", "x1", { ttlMs: 100n })];
    const answer = { kind: "transaction", succeeded: true, revision: 2, results: [{ kind: "put" }, { kind: "put" }] };
    return new CommandLog().at(10, wireTransaction(mark, leased), answer);
  };
  const asked = transaction(put("a", "x1", { ttlMs: 100 }));

  it("counts: a key lives for as long as its put has said, from before the call on", () => {
    expect(wrong(begun().at(111, expire, expired(3, 1)), [11, 12, asked, done(2, 2)])).toBeUndefined();
    expect(wrong(begun().at(111, expire, expired(3, 1)), [12, 13, asked, done(2, 2)])).toContain(
      "lease a expired at 111, and c was promised 100 ms from 12 on",
    );
  });

  it("counts no more once the key was written again", () => {
    const rewritten = begun().at(20, operation(wirePut("a", "1")), { kind: "put", revision: 3 });
    expect(wrong(rewritten, [50, 51, asked, done(2, 2)])).toBeUndefined();
  });

  it("calls the lease over for which the whole was refused", () => {
    const granted = () => new CommandLog().at(0, grant, { kind: "grantLease", leaseId: 7, ttlMs: 100 });
    const refused = wireTransaction(wirePut(markKey, "x1"), wirePut("a", "x1", { leaseId: 7n }));
    const log = () => granted().at(101, refused, { kind: "refused", code: "leaseNotFound" });
    const joins = transaction(put("a", "x1", { id: 7 }));
    const ask = (calledAt: number): Told[] => [
      [calledAt, calledAt + 1, { kind: "grant", ttlMs: 100, id: 7 }, { id: 7 }],
      [101, 102, joins, "LEASE_NOT_FOUND"],
    ];
    expect(wrong(log(), ...ask(0))).toBeUndefined();
    expect(wrong(log(), ...ask(50))).toContain("lease 7 was called over at 102, and c was promised 100 ms from 50 on");
  });
});

describe("what is told of a put", () => {
  const begun = () => {
    const log = new CommandLog().at(0, grant, { kind: "grantLease", leaseId: 7, ttlMs: 100 });
    return log.at(1, operation(wirePut("a", "1", { leaseId: 7n })), { kind: "put", revision: 2 });
  };
  const keepValue = (options: WirePut) => {
    return operation({ case: "put", value: { key: bytes("a"), keepValue: true, ...options } });
  };

  it("that keeps the value is so: the value stays, and the lease becomes what was asked for", () => {
    const log = () => begun().at(2, keepValue({}), { kind: "put", revision: 3 });
    expect(wrong(log(), [2, 3, put("a", undefined), { revision: 3 }])).toBeUndefined();
    expect(wrong(log(), [2, 3, put("a", undefined, "kept"), { revision: 3 }])).toContain("a was not put like this");
    expect(wrong(log(), [2, 3, put("a", undefined, { ttlMs: 9 }), { revision: 3 }])).toContain("not put like this");
    const changed = begun().at(2, operation(wirePut("a", "2")), { kind: "put", revision: 3 });
    expect(wrong(changed, [2, 3, put("a", undefined), { revision: 3 }])).toContain("not put like this");
  });

  it("that keeps the lease is so", () => {
    const kept = operation(wirePut("a", "2", { keepLease: true }));
    const log = () => begun().at(2, kept, { kind: "put", revision: 3 });
    expect(wrong(log(), [2, 3, put("a", "2", "kept"), { revision: 3 }])).toBeUndefined();
    expect(wrong(log(), [2, 3, put("a", "2"), { revision: 3 }])).toContain("not put like this");
  });

  it("is refused for a missing key only where the key was missing meanwhile, and has to be there", () => {
    const missing = (at: number, asked: LeasedPut): Told => [at, at + 1, asked, "KEY_NOT_FOUND"];
    const log = () =>
      begun()
        .at(101, expire, expired(3, 1))
        .at(110, operation(wirePut("b", "1")), { kind: "put", revision: 4 });
    expect(wrong(log(), missing(0.5, put("a", undefined)))).toBeUndefined();
    expect(wrong(log(), missing(101, put("a", "2", "kept")))).toBeUndefined();
    expect(wrong(log(), missing(50, put("a", "2", "kept")))).toContain("a was called missing, and was there");
    expect(wrong(log(), missing(120, put("a", "2")))).toContain("a was called missing, and need not be there");
  });
});
