import { fromBinary } from "@bufbuild/protobuf";
import { type CommandBatch, CommandBatchSchema, EntryEnvelopeSchema, type Operation } from "@raftkv/proto/kv";
import type { Entry } from "@raftkv/raft-core";
import { LeaseModel } from "./lease-model.ts";

interface ModelEntry {
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
  /** Unset as long as no history is kept. */
  compactRevision: number | undefined;
  applyVersion = 1;
  timeMs = 0;
  readonly leases = new LeaseModel();
  /** Writes after this revision were made while history was kept. */
  #historySince = 0;
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
    return { entries: inRange.slice(0, limit), next: inRange[limit]?.key, revision };
  }

  /** Newest first, back to what the key was at the earliest revision. */
  history(key: string, limit: number, at = this.revision) {
    const writes = this.#writes.get(key) ?? [];
    const first = writes.findLastIndex(({ revision }) => revision <= this.earliest);
    const kept = writes.filter(({ revision, entry }, i) => {
      const deletionsFrom = this.compactRevision ?? Number.POSITIVE_INFINITY;
      const isKept = entry !== undefined || (revision >= deletionsFrom && revision > this.#historySince);
      return i >= first && revision <= at && isKept;
    });
    kept.reverse();
    return { writes: kept.slice(0, limit), next: kept[limit]?.revision };
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

  #operate({ operation }: Operation): unknown {
    if (operation.case === "skip") return { kind: "skip" };
    if (operation.case === "compact") return this.#compact(Number(operation.value.revision));
    if (this.applyVersion >= 3) {
      if (operation.case === "grantLease") {
        return this.leases.grant(Number(operation.value.leaseId), Number(operation.value.ttlMs), this.timeMs);
      }
      if (operation.case === "keepLeaseAlive") {
        return this.leases.keepAlive(Number(operation.value.leaseId), this.timeMs);
      }
      if (operation.case === "revokeLease") return this.#revokeLease(Number(operation.value.leaseId));
    }
    if (operation.case !== "put" && operation.case !== "delete") return { kind: "refused", code: "invalidOperation" };
    const key = text(operation.value.key);
    if (key === "") return { kind: "refused", code: "keyEmpty" };
    const previous = this.get(key);
    if (operation.case === "delete") {
      if (previous === undefined) return { kind: "delete", revision: this.revision, deleted: false };
      this.#write(key, { revision: ++this.revision, entry: undefined });
      return { kind: "delete", revision: this.revision, deleted: true };
    }
    const leaseId = this.applyVersion < 3 ? 0 : this.leases.ofPut(operation.value, previous?.leaseId, this.timeMs);
    if (typeof leaseId !== "number") return leaseId;
    const modRevision = ++this.revision;
    const createRevision = previous?.createRevision ?? modRevision;
    const version = (previous?.version ?? 0) + 1;
    const entry = { key, value: text(operation.value.value), createRevision, modRevision, version, leaseId };
    this.#write(key, { revision: modRevision, entry });
    return { kind: "put", revision: modRevision };
  }

  keysOf(lease: number): readonly string[] {
    return [...this.#writes.keys()].filter((key) => this.get(key)?.leaseId === lease).sort((a, b) => (a < b ? -1 : 1));
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
    for (const key of keys) this.#write(key, { revision: this.revision, entry: undefined });
  }

  #write(key: string, write: ModelWrite): void {
    const before = this.get(key)?.leaseId ?? 0;
    if (before !== 0 && before !== write.entry?.leaseId) this.leases.left(before);
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
    if (this.applyVersion < 2) {
      this.compactRevision = this.revision;
      this.#historySince = this.revision;
    }
    this.applyVersion = applyVersion;
    return { kind: "raiseApplyVersion", applyVersion };
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
