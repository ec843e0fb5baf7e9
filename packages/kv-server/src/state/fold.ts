import type { Index } from "@raftkv/raft-core";
import { type Answer, type ApplyResult, refuse } from "./answer.ts";
import { raiseApplyVersion } from "./apply-version.ts";
import type { Command, EntryContent, Operation } from "./command.ts";
import { compact } from "./compact.ts";
import type { Counters } from "./counters.ts";
import type { Generations } from "./generations.ts";
import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { lastSequence, type Session } from "./session.ts";
import { SESSION_BOUNDS } from "./session-bounds.ts";
import type { SessionTable } from "./session-table.ts";

/** The present state of every key that the commands at hand touch. Kept up to date while they are folded in. */
export type KnownRecords = Map<KeyId, KeyRecord | undefined>;

const SKIPPED: Answer = { kind: "skip" };
const CLOSED: Answer = { kind: "closeSession" };
const MALFORMED: ApplyResult = refuse("malformedEntry");

/**
 * Folds commands into the state. Synchronous and deterministic: the same entries give the same state and the same
 * answers on every node, whatever its configuration, and nothing in an entry makes it throw.
 */
export class Fold {
  readonly #counters: Counters;
  readonly #sessions: SessionTable;
  readonly #generations: Generations;
  readonly #known: KnownRecords;

  constructor(counters: Counters, sessions: SessionTable, generations: Generations, known: KnownRecords) {
    this.#counters = counters;
    this.#sessions = sessions;
    this.#generations = generations;
    this.#known = known;
  }

  apply(index: Index, content: EntryContent): ApplyResult {
    if (content.kind === "malformed") return MALFORMED;
    this.#counters.clusterTimeMs = Math.max(this.#counters.clusterTimeMs, content.clusterTimeMs);
    this.#sessions.expire(this.#counters.clusterTimeMs);
    const { command } = content;
    return command.sessionId === 0 ? this.#withoutSession(index, command) : this.#inSession(command);
  }

  #withoutSession(index: Index, command: Command): ApplyResult {
    const [first] = command.operations;
    if (first?.kind === "openSession" && command.operations.length === 1) {
      return { kind: "answers", answers: [this.#openSession(index, first.ttlMs)] };
    }
    if (first?.kind === "raiseApplyVersion" && command.operations.length === 1) {
      return { kind: "answers", answers: [raiseApplyVersion(this.#counters, first.applyVersion)] };
    }
    return { kind: "answers", answers: command.operations.map((operation) => this.#operate(operation)) };
  }

  #openSession(index: Index, ttlMs: number): Answer {
    if (!(ttlMs >= SESSION_BOUNDS.minTtlMs && ttlMs <= SESSION_BOUNDS.maxTtlMs)) return refuse("invalidTtl");
    const session = this.#sessions.open(index, ttlMs, this.#counters.clusterTimeMs);
    return session === undefined ? refuse("tooManySessions") : { kind: "openSession", sessionId: session.id };
  }

  /** Dissertation, section 6.3: a session's commands take effect in sequence, each once; a batch without operations keeps it alive. */
  #inSession(command: Command): ApplyResult {
    const session = this.#sessions.get(command.sessionId);
    if (session === undefined) return refuse("sessionUnknown");
    this.#sessions.touch(session, this.#counters.clusterTimeMs, command.acknowledgedThrough);
    if (command.operations.length === 0) return { kind: "answers", answers: [] };
    if (command.firstSequence === 0) return refuse("invalidBatch");
    const expectedSequence = lastSequence(session) + 1;
    if (command.firstSequence > expectedSequence) return { kind: "refused", code: "sequenceGap", expectedSequence };
    const newOperations = command.firstSequence + command.operations.length - expectedSequence;
    if (newOperations > this.#sessions.roomForAnswers(session)) return refuse("tooManyAnswers");
    const answers = command.operations.map((operation, i) =>
      this.#operateInSequence(session, command.firstSequence + i, operation),
    );
    return { kind: "answers", answers };
  }

  #operateInSequence(session: Session, sequence: number, operation: Operation): Answer {
    if (sequence <= session.acknowledgedThrough) return refuse("answerDiscarded");
    const kept = session.answers[sequence - session.acknowledgedThrough - 1];
    if (kept !== undefined) return kept;
    if (this.#sessions.get(session.id) === undefined) return refuse("sessionUnknown");
    if (operation.kind === "closeSession") {
      this.#sessions.close(session);
      return CLOSED;
    }
    const answer = operation.kind === "skip" ? SKIPPED : this.#operate(operation);
    this.#sessions.keepAnswer(session, answer);
    return answer;
  }

  #operate(operation: Operation): Answer {
    switch (operation.kind) {
      case "put":
        return operation.key.length === 0
          ? refuse("keyEmpty")
          : this.#put(operation.id, operation.key, operation.value);
      case "delete":
        return operation.key.length === 0 ? refuse("keyEmpty") : this.#delete(operation.id, operation.key);
      case "compact":
        return compact(this.#counters, operation.revision);
      default:
        return refuse("invalidOperation");
    }
  }

  #put(id: KeyId, key: Uint8Array, value: Uint8Array): Answer {
    const previous = this.#known.get(id);
    const revision = ++this.#counters.revision;
    const record: KeyRecord = {
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      sub: 0,
      version: (previous?.version ?? 0) + 1,
      valueLength: value.length,
      leaseId: 0,
    };
    this.#change(id, key, revision, record, value, previous);
    return { kind: "put", revision };
  }

  #delete(id: KeyId, key: Uint8Array): Answer {
    const previous = this.#known.get(id);
    if (previous === undefined) return { kind: "delete", revision: this.#counters.revision, deleted: false };
    const revision = ++this.#counters.revision;
    this.#change(id, key, revision, undefined, NO_VALUE, previous);
    return { kind: "delete", revision, deleted: true };
  }

  #change(
    id: KeyId,
    key: Uint8Array,
    revision: number,
    record: KeyRecord | undefined,
    value: Uint8Array,
    superseded: KeyRecord | undefined,
  ): void {
    this.#known.set(id, record);
    const { active } = this.#generations;
    const { applyVersion } = this.#counters;
    const previous = active.get(id);
    active.add({ id, key, revision, sub: 0, record, value, superseded, previous, applyVersion });
  }
}

const NO_VALUE = new Uint8Array(0);
