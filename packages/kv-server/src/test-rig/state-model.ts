import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type CommandBatch,
  CommandBatchSchema,
  EntryEnvelopeSchema,
  type Operation,
  OperationSchema,
} from "@raftkv/proto/kv";
import type { Entry } from "@raftkv/raft-core";
import { LeaseModel } from "./lease-model.ts";
import { ModelTransaction, Refused } from "./model-transaction.ts";

export interface ModelEntry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly leaseId: number;
}

/** One write to a key. Undefined: it deleted the key. */
interface ModelWrite {
  readonly revision: number;
  readonly entry: ModelEntry | undefined;
  /** Made while history was kept. */
  readonly isKept: boolean;
}

interface ModelSession {
  readonly ttlMs: number;
  activeMs: number;
  acknowledged: number;
  readonly answers: unknown[];
}

/** What the state machine should do, written down without any regard for memory, engines or speed. */
export class StateModel {
  appliedIndex = 0;
  revision = 1;
  applyVersion = 1;
  /** Unset as long as no history is kept. */
  compactRevision: number | undefined;
  timeMs = 0;
  readonly leases = new LeaseModel();
  /** Every write there ever was, oldest first. */
  readonly #writes = new Map<string, ModelWrite[]>();
  readonly #sessions = new Map<number, ModelSession>();

  lastSequence(session: number): number {
    return this.#sessions.get(session)?.answers.length ?? 0;
  }

  /** One that is open; `chance` in [0, 1) chooses which. */
  someSession(chance: number): number | undefined {
    const ids = [...this.#sessions.keys()];
    return ids[Math.floor(chance * ids.length)];
  }

  /** The earliest revision that can be read. */
  get earliest(): number {
    return this.compactRevision ?? this.revision;
  }

  get(key: string, at = this.revision): ModelEntry | undefined {
    return this.#writes.get(key)?.findLast(({ revision }) => revision <= at)?.entry;
  }

  range(from: string, to: string | undefined, limit: number, keysOnly: boolean, at = this.revision) {
    const inRange = [...this.#writes.keys()]
      .filter((key) => key >= from && (to === undefined || key < to))
      .flatMap((key) => this.get(key, at) ?? [])
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map((entry) => (keysOnly ? { ...entry, value: "" } : entry));
    const revision = this.compactRevision === undefined ? 0 : at;
    return { entries: inRange.slice(0, limit), next: inRange[limit]?.key, revision, count: 0 };
  }

  /** All that were ever written. */
  keysEver(): readonly string[] {
    return [...this.#writes.keys()];
  }

  /** Newest first, back to what the key was at the earliest revision. */
  history(key: string, limit: number, at = this.revision) {
    const writes = this.#writes.get(key) ?? [];
    const first = writes.findLastIndex(({ revision }) => revision <= this.earliest);
    const kept = writes.filter(({ revision, entry, isKept }, i) => {
      return i >= first && revision <= at && (entry !== undefined || (isKept && revision >= this.earliest));
    });
    kept.reverse();
    const shown = kept.slice(0, limit).map(({ revision, entry }) => ({ revision, entry }));
    return { writes: shown, next: kept[limit]?.revision };
  }

  apply(entry: Entry): unknown {
    this.appliedIndex = entry.index;
    if (entry.kind !== "command") return { kind: "none" };
    const decoded = decode(entry.payload);
    if (decoded === undefined) return { kind: "refused", code: "malformedEntry" };
    this.timeMs = Math.max(this.timeMs, decoded.timeMs);
    for (const [id, session] of this.#sessions) {
      if (session.activeMs + session.ttlMs <= this.timeMs) this.#sessions.delete(id);
    }
    const { batch } = decoded;
    return batch.sessionId === 0n ? this.#sessionless(entry.index, batch) : this.#inSession(batch);
  }

  #sessionless(index: number, { operations }: CommandBatch): unknown {
    const [only] = operations;
    if (operations.length === 1 && only?.operation.case === "openSession") {
      const ttlMs = Number(only.operation.value.ttlMs);
      if (ttlMs < 1_000) return answers([{ kind: "refused", code: "invalidTtl" }]);
      this.#sessions.set(index, { ttlMs, activeMs: this.timeMs, acknowledged: 0, answers: [] });
      return answers([{ kind: "openSession", sessionId: index }]);
    }
    if (operations.length === 1 && only?.operation.case === "raiseApplyVersion") {
      return answers([this.#raiseApplyVersion(only.operation.value.applyVersion)]);
    }
    if (operations.length === 1 && only?.operation.case === "checkState" && this.applyVersion >= 3) {
      return answers([{ kind: "checkState", index }]);
    }
    if (operations.length === 1 && only?.operation.case === "expireLeases" && this.applyVersion >= 3) {
      return answers([this.#expireLeases()]);
    }
    return answers(
      operations.map((operation) =>
        onlyInSession(operation) ? { kind: "refused", code: "invalidOperation" } : this.#operate(operation),
      ),
    );
  }

  #inSession(batch: CommandBatch): unknown {
    const session = this.#sessions.get(Number(batch.sessionId));
    if (session === undefined) return { kind: "refused", code: "sessionUnknown" };
    session.activeMs = this.timeMs;
    const acknowledged = Math.min(Number(batch.acknowledgedThrough), session.answers.length);
    session.acknowledged = Math.max(session.acknowledged, acknowledged);
    if (batch.operations.length === 0) return answers([]);
    const first = Number(batch.firstSequence);
    if (first === 0) return { kind: "refused", code: "invalidBatch" };
    if (first > session.answers.length + 1) {
      return { kind: "refused", code: "sequenceGap", expectedSequence: session.answers.length + 1 };
    }
    return answers(
      batch.operations.map((operation, i) => {
        const sequence = first + i;
        if (sequence <= session.acknowledged) return { kind: "refused", code: "answerDiscarded" };
        if (sequence <= session.answers.length) return session.answers[sequence - 1];
        if (!this.#sessions.has(Number(batch.sessionId))) return { kind: "refused", code: "sessionUnknown" };
        if (operation.operation.case === "closeSession") {
          this.#sessions.delete(Number(batch.sessionId));
          return { kind: "closeSession" };
        }
        session.answers.push(this.#operate(operation));
        return session.answers[sequence - 1];
      }),
    );
  }

  #operate(operation: Operation): unknown {
    if (this.applyVersion < 3) return this.#unfenced(asBefore(operation));
    const { fence } = operation;
    if (fence !== undefined && this.get(text(fence.key))?.createRevision !== Number(fence.token)) {
      return { kind: "refused", code: "fenced" };
    }
    return this.#unfenced(operation);
  }

  #unfenced({ operation }: Operation): unknown {
    switch (operation.case) {
      case "skip":
        return { kind: "skip" };
      case "compact":
        return this.#compact(Number(operation.value.revision));
      case "put":
      case "delete":
        if (operation.value.key.length === 0) return { kind: "refused", code: "keyEmpty" };
        return this.#atOneRevision((step) =>
          operation.case === "put" ? step.put(operation.value) : step.delete(operation.value),
        );
      case "deleteRange":
        return this.#atOneRevision((step) => step.deleteRange(operation.value));
      case "grantLease":
        return this.leases.grant(Number(operation.value.leaseId), Number(operation.value.ttlMs), this.timeMs);
      case "keepLeaseAlive":
        return this.leases.keepAlive(Number(operation.value.leaseId), this.timeMs);
      case "revokeLease":
        return this.#revokeLease(Number(operation.value.leaseId));
      case "transaction":
        return this.#atOneRevision((step) => step.transaction(operation.value));
      default:
        return { kind: "refused", code: "invalidOperation" };
    }
  }

  #atOneRevision(carryOut: (step: ModelTransaction) => unknown): unknown {
    const next = this.revision + 1;
    const step = new ModelTransaction(this.keysAt(), next, (put, before) =>
      this.leases.ofPut(put, before, this.timeMs),
    );
    try {
      const answer = carryOut(step);
      const isKept = this.compactRevision !== undefined;
      for (const [key, entry] of step.written) this.#write(key, { revision: next, entry, isKept });
      this.revision = step.revision;
      return answer;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { kind: "refused", code: error.code };
    }
  }

  /** Every key as it was at a revision. */
  keysAt(at = this.revision): Map<string, ModelEntry> {
    const present = new Map<string, ModelEntry>();
    for (const key of this.#writes.keys()) {
      const entry = this.get(key, at);
      if (entry !== undefined) present.set(key, entry);
    }
    return present;
  }

  keysOf(lease: number): readonly string[] {
    return [...this.#writes.keys()].filter((key) => this.get(key)?.leaseId === lease);
  }

  #revokeLease(id: number): unknown {
    const keys = this.keysOf(id);
    if (!this.leases.end(id)) return { kind: "refused", code: "leaseNotFound" };
    this.#deleteTogether(keys);
    return { kind: "revokeLease", revision: this.revision, deleted: keys.length };
  }

  #expireLeases(): unknown {
    const over = this.leases.over(this.timeMs);
    let deleted = 0;
    for (const id of over) {
      const keys = this.keysOf(id);
      this.leases.end(id);
      this.#deleteTogether(keys);
      deleted += keys.length;
    }
    return { kind: "expireLeases", revision: this.revision, expired: over.length, deleted, more: false };
  }

  #deleteTogether(keys: readonly string[]): void {
    if (keys.length > 0) this.revision++;
    for (const key of keys) this.#write(key, { revision: this.revision, entry: undefined, isKept: true });
  }

  #write(key: string, write: ModelWrite): void {
    this.leases.moved(this.get(key)?.leaseId ?? 0, write.entry?.leaseId ?? 0, this.timeMs);
    const writes = this.#writes.get(key);
    if (writes === undefined) this.#writes.set(key, [write]);
    else writes.push(write);
  }

  #compact(revision: number): unknown {
    if (this.compactRevision === undefined) return { kind: "refused", code: "invalidOperation" };
    if (revision <= this.compactRevision) return { kind: "refused", code: "compacted" };
    if (revision > this.revision) return { kind: "refused", code: "futureRevision" };
    this.compactRevision = revision;
    return { kind: "compact", compactRevision: revision };
  }

  #raiseApplyVersion(applyVersion: number): unknown {
    if (applyVersion <= this.applyVersion) return { kind: "refused", code: "invalidApplyVersion" };
    this.applyVersion = applyVersion;
    this.compactRevision ??= this.revision;
    return { kind: "raiseApplyVersion", applyVersion };
  }
}

/** Whether only later apply versions than the second know it. */
/** As a node of an earlier version takes it: later operations are unknown, and later fields are passed over. */
function asBefore({ operation }: Operation): Operation {
  switch (operation.case) {
    case "put": {
      const { key, value } = operation.value;
      return create(OperationSchema, { operation: { case: "put", value: { key, value } } });
    }
    case "delete":
      return create(OperationSchema, { operation: { case: "delete", value: { key: operation.value.key } } });
    case "compact":
    case "skip":
      return create(OperationSchema, { operation });
    default:
      return create(OperationSchema, {});
  }
}

function decode(payload: Uint8Array) {
  try {
    const { clusterTimeMs, commandBatch } = fromBinary(EntryEnvelopeSchema, payload);
    return { timeMs: Number(clusterTimeMs), batch: fromBinary(CommandBatchSchema, commandBatch) };
  } catch {
    return undefined;
  }
}

function onlyInSession({ operation }: Operation): boolean {
  return operation.case === "skip" || operation.case === "closeSession";
}

function answers(list: readonly unknown[]): unknown {
  return { kind: "answers", answers: list };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
