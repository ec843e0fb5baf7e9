import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CommandBatch,
  ErrorCode,
  ErrorDetailSchema,
  type KeyValue,
  KeyValueSchema,
  type Operation,
  type OperationResult,
  OperationResultSchema,
  OperationSchema,
  type PutOperation,
  type ReadBatch,
  type ReadResult,
  ReadResultSchema,
  SortTarget,
} from "@raftkv/proto/kv";
import { FakeLeases } from "./fake-leases.ts";
import { fakeTransaction } from "./fake-transaction.ts";

export type Refused = MessageInitShape<typeof ErrorDetailSchema>;
export type Applied = { readonly results: readonly OperationResult[] } | { readonly refused: Refused };

interface FakeSession {
  readonly answers: Map<number, OperationResult>;
  last: number;
}

/** What a cluster's state machine promises its clients, small: sessions, sequences, revisions. Shared by its nodes. */
export class FakeStore {
  readonly sessions = new Map<number, FakeSession>();
  /** Every operation that took effect, in order, as "put k=v" or "delete k" or "skip". */
  readonly effects: string[] = [];
  /** What ranges name for their next page; 0n: it keeps no history. */
  /** False: as a node of a version that passes over order and filter. */
  knowsViews = true;
  pictureRevision = 0n;
  /** What puts have said of leases. */
  readonly leaseFields: string[] = [];
  readonly #leases = new FakeLeases();
  readonly #entries = new Map<string, KeyValue>();
  #revision = 0;
  #lastSession = 0;

  apply(batch: CommandBatch): Applied {
    const session = this.sessions.get(Number(batch.sessionId));
    if (batch.sessionId === 0n) return { results: batch.operations.map((operation) => this.#perform(operation)) };
    if (session === undefined) return { refused: { code: ErrorCode.SESSION_UNKNOWN, message: "no such session" } };
    const first = Number(batch.firstSequence);
    if (first > session.last + 1) {
      return { refused: { code: ErrorCode.SEQUENCE_GAP, expectedSequence: BigInt(session.last + 1) } };
    }
    const results = batch.operations.map((operation, index) => this.#performOnce(session, first + index, operation));
    for (const sequence of session.answers.keys()) {
      if (sequence <= Number(batch.acknowledgedThrough)) session.answers.delete(sequence);
    }
    if (batch.operations.some(({ operation }) => operation.case === "closeSession")) {
      this.sessions.delete(Number(batch.sessionId));
    }
    return { results };
  }

  read(batch: ReadBatch): readonly ReadResult[] {
    return batch.operations.map(({ operation }) => {
      if (operation.case === "get") {
        const entry = this.#entries.get(toKey(operation.value.key));
        return create(ReadResultSchema, { result: { case: "get", value: entry === undefined ? {} : { entry } } });
      }
      if (operation.case === "history") {
        const { atRevision, limit } = operation.value;
        return create(ReadResultSchema, { result: { case: "history", value: this.#history(atRevision, limit) } });
      }
      if (operation.case === "lease") {
        const { leaseId, withKeys } = operation.value;
        const keys = [...this.#entries.values()].filter((entry) => entry.leaseId === leaseId).map(({ key }) => key);
        const result = this.#leases.lease(leaseId, keys);
        if (result.result.case === "lease" && !withKeys) result.result.value.keys = [];
        return result;
      }
      if (operation.case === "leases") return this.#leases.list(operation.value);
      if (operation.case !== "range") throw new Error("a read without an operation");
      const { from, to, limit, keysOnly, order, filter } = operation.value;
      const isShown = ({ createRevision }: KeyValue) =>
        filter === undefined || filter.maxCreateRevision === 0n || createRevision <= filter.maxCreateRevision;
      const isBefore = (a: KeyValue, b: KeyValue) =>
        order?.target === SortTarget.CREATE_REVISION
          ? Number(order.descending ? b.createRevision - a.createRevision : a.createRevision - b.createRevision)
          : Buffer.compare(a.key, b.key);
      const found = [...this.#entries.values()]
        .filter(({ key }) => Buffer.compare(key, from) >= 0 && (to.length === 0 || Buffer.compare(key, to) < 0))
        .filter(isShown)
        .sort(isBefore);
      const entries = found.slice(0, limit).map((entry) => (keysOnly ? { ...entry, value: new Uint8Array() } : entry));
      const next = found[limit]?.key ?? new Uint8Array();
      return create(ReadResultSchema, {
        result: { case: "range", value: { entries, next, revision: this.pictureRevision, asAsked: this.knowsViews } },
      });
    });
  }

  /** Revision by revision, from the newest, with a deletion at each multiple of 100. */
  #history(atRevision: bigint, limit: number) {
    const newest = atRevision === 0n ? this.#revision : Number(atRevision);
    const writes = Array.from({ length: Math.min(limit, newest) }, (_, i) => {
      const revision = BigInt(newest - i);
      return revision % 100n === 0n ? { revision } : { revision, entry: { modRevision: revision } };
    });
    return { writes, next: BigInt(newest - writes.length) };
  }

  #performOnce(session: FakeSession, sequence: number, operation: Operation): OperationResult {
    if (sequence <= session.last) {
      return session.answers.get(sequence) ?? refusedResult({ code: ErrorCode.ANSWER_DISCARDED });
    }
    const result = this.#perform(operation);
    session.last = sequence;
    session.answers.set(sequence, result);
    return result;
  }

  #perform(wire: Operation): OperationResult {
    const ofLease = this.#leases.perform(wire, (leaseId) => this.#deleteKeysOf(leaseId));
    if (ofLease !== undefined) return ofLease;
    const { operation } = wire;
    switch (operation.case) {
      case "compact": {
        const { revision } = operation.value;
        this.effects.push(`compact ${revision}`);
        return create(OperationResultSchema, { result: { case: "compact", value: { compactRevision: revision } } });
      }
      case "put":
        this.#noteLease(operation.value);
        return this.#put(operation.value.key, operation.value.value, operation.value.leaseId);
      case "delete":
        return this.#delete(operation.value.key);
      case "transaction":
        return fakeTransaction(operation.value, {
          entry: (key) => this.#entries.get(toKey(key)),
          perform: (step) => this.#perform(create(OperationSchema, { operation: step })),
          revision: () => BigInt(this.#revision),
        });
      case "openSession":
        this.#lastSession++;
        this.sessions.set(this.#lastSession, { answers: new Map(), last: 0 });
        return create(OperationResultSchema, {
          result: { case: "openSession", value: { sessionId: BigInt(this.#lastSession) } },
        });
      case "closeSession":
        return create(OperationResultSchema, { result: { case: "closeSession", value: {} } });
      case "skip":
        this.effects.push("skip");
        return create(OperationResultSchema, { result: { case: "skip", value: {} } });
      default:
        return refusedResult({ code: ErrorCode.INVALID_REQUEST, message: "no operation" });
    }
  }

  #noteLease({ ttlMs, keepLease }: PutOperation): void {
    if (ttlMs > 0n) this.leaseFields.push(`ttl ${ttlMs}`);
    if (keepLease) this.leaseFields.push("keep");
  }

  #deleteKeysOf(leaseId: bigint) {
    const keys = [...this.#entries].filter(([, entry]) => entry.leaseId === leaseId);
    for (const [id] of keys) this.#entries.delete(id);
    if (keys.length > 0) this.#revision++;
    return { revision: BigInt(this.#revision), deleted: BigInt(keys.length) };
  }

  #put(key: Uint8Array, value: Uint8Array, leaseId: bigint): OperationResult {
    const revision = BigInt(++this.#revision);
    const before = this.#entries.get(toKey(key));
    this.#entries.set(
      toKey(key),
      create(KeyValueSchema, {
        key,
        value,
        createRevision: before?.createRevision ?? revision,
        modRevision: revision,
        version: (before?.version ?? 0n) + 1n,
        leaseId,
      }),
    );
    this.effects.push(`put ${Buffer.from(key)}=${Buffer.from(value)}`);
    return create(OperationResultSchema, { result: { case: "put", value: { revision } } });
  }

  #delete(key: Uint8Array): OperationResult {
    const deleted = this.#entries.delete(toKey(key));
    if (deleted) this.#revision++;
    this.effects.push(`delete ${Buffer.from(key)}`);
    return create(OperationResultSchema, {
      result: { case: "delete", value: { revision: BigInt(this.#revision), deleted } },
    });
  }
}

function toKey(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

function refusedResult(detail: Refused): OperationResult {
  return create(OperationResultSchema, { result: { case: "error", value: create(ErrorDetailSchema, detail) } });
}
