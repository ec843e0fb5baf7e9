import type { Index } from "@raftkv/raft-core";
import { type Answer, type ApplyResult, type RefusalCode, refuse } from "./answer.ts";
import { answerBytes } from "./answer-bytes.ts";
import { raiseApplyVersion } from "./apply-version.ts";
import { hashesChanges, hashSessions } from "./change-hash.ts";
import type { Command, EntryContent, Operation } from "./command.ts";
import { hasTransactions } from "./counters.ts";
import type { FoldedState, FoldTarget } from "./folded-state.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { expireLeases } from "./operations/expire-leases.ts";
import { operate } from "./operations/operate.ts";
import type { Excess, Prefetched } from "./prefetch.ts";
import { lastSequence, type Session } from "./session.ts";
import { SESSION_BOUNDS } from "./session-bounds.ts";

const SKIPPED: Answer = { kind: "skip" };
const CLOSED: Answer = { kind: "closeSession" };
const MALFORMED: ApplyResult = refuse("malformedEntry");

/**
 * Folds commands into the state. Synchronous and deterministic: the same entries give the same state and the same
 * answers on every node, whatever its configuration, and nothing in an entry makes it throw.
 */
export class Fold {
  readonly #state: FoldedState;
  readonly #excess: ReadonlyMap<Operation, Excess> | undefined;

  constructor(target: FoldTarget, { present, excess, leases }: Prefetched) {
    const leaseTable = new LeaseTable(target.leaseState, target, leases);
    this.#state = { ...target, present, leases: leaseTable, answerRoom: 0 };
    this.#excess = excess;
  }

  /** Call it after the last entry, before anybody looks at the state. */
  finish(): void {
    this.#state.leases.flush();
  }

  apply(index: Index, content: EntryContent): ApplyResult {
    if (content.kind === "malformed") return MALFORMED;
    const { counters, sessions } = this.#state;
    const hashes = hashesChanges(counters);
    counters.clusterTimeMs = Math.max(counters.clusterTimeMs, content.clusterTimeMs);
    sessions.expire(counters.clusterTimeMs);
    const command = hasTransactions(counters) ? content.command : asEarlier(content.command);
    const session = sessions.get(command.sessionId);
    const result = session === undefined ? this.#withoutSession(index, command) : this.#inSession(session, command);
    // A session that the entry has opened has its index for an id.
    if (hashes) hashSessions(counters, sessions.size, session ?? sessions.get(index));
    return result;
  }

  #withoutSession(index: Index, command: Command): ApplyResult {
    if (command.sessionId !== 0) return refuse("sessionUnknown");
    const [first] = command.operations;
    if (first?.kind === "openSession" && command.operations.length === 1) {
      return { kind: "answers", answers: [this.#openSession(index, first.ttlMs)] };
    }
    if (first?.kind === "raiseApplyVersion" && command.operations.length === 1) {
      return { kind: "answers", answers: [raiseApplyVersion(this.#state.counters, first.applyVersion)] };
    }
    if (first?.kind === "expireLeases" && command.operations.length === 1) {
      return { kind: "answers", answers: [expireLeases(this.#state)] };
    }
    if (first?.kind === "checkState" && command.operations.length === 1) {
      return { kind: "answers", answers: [this.#checkState(index)] };
    }
    return { kind: "answers", answers: this.#operateAll(command.operations) };
  }

  #operateAll(operations: readonly Operation[]): readonly Answer[] {
    let room = SESSION_BOUNDS.maxAnswerBytesPerSession;
    return operations.map((operation) => {
      const answer = this.#operate(operation, room);
      room -= answerBytes(answer);
      // Nobody holds up a batch without a session until there is room.
      return isRefused(answer, "tooManyAnswers") ? refuse("operationTooLarge") : answer;
    });
  }

  /** Versions that do not compare states do not know the operation either. */
  #checkState(index: Index): Answer {
    return hashesChanges(this.#state.counters) ? { kind: "checkState", index } : refuse("invalidOperation");
  }

  #openSession(index: Index, ttlMs: number): Answer {
    const { counters, sessions } = this.#state;
    if (!(ttlMs >= SESSION_BOUNDS.minTtlMs && ttlMs <= SESSION_BOUNDS.maxTtlMs)) return refuse("invalidTtl");
    const session = sessions.open(index, ttlMs, counters.clusterTimeMs);
    return session === undefined ? refuse("tooManySessions") : { kind: "openSession", sessionId: session.id };
  }

  /** Dissertation, section 6.3: a session's commands take effect in sequence, each once; a batch without operations keeps it alive. */
  #inSession(session: Session, command: Command): ApplyResult {
    const { counters, sessions } = this.#state;
    sessions.touch(session, counters.clusterTimeMs, command.acknowledgedThrough);
    if (command.operations.length === 0) return { kind: "answers", answers: [] };
    if (command.firstSequence === 0) return refuse("invalidBatch");
    const expectedSequence = lastSequence(session) + 1;
    if (command.firstSequence > expectedSequence) return { kind: "refused", code: "sequenceGap", expectedSequence };
    const newOperations = command.firstSequence + command.operations.length - expectedSequence;
    if (newOperations > sessions.roomForAnswers(session)) return refuse("tooManyAnswers");
    const answers = command.operations.map((operation, i) =>
      this.#operateInSequence(session, command.firstSequence + i, operation),
    );
    return { kind: "answers", answers };
  }

  #operateInSequence(session: Session, sequence: number, operation: Operation): Answer {
    const { sessions } = this.#state;
    if (sequence <= session.acknowledgedThrough) return refuse("answerDiscarded");
    const kept = session.answers[sequence - session.acknowledgedThrough - 1];
    if (kept !== undefined) return kept;
    if (sessions.get(session.id) === undefined) return refuse("sessionUnknown");
    // One before it in the batch found no room for its answer.
    if (sequence > lastSequence(session) + 1) return refuse("tooManyAnswers");
    if (operation.kind === "closeSession") {
      sessions.close(session);
      return CLOSED;
    }
    const answer = operation.kind === "skip" ? SKIPPED : this.#operate(operation, sessions.roomForBytes(session));
    // It has its turn again once others have made room.
    if (!isRefused(answer, "tooManyAnswers")) sessions.keepAnswer(session, answer);
    return answer;
  }

  /** `room`: bytes that the answer may tell of keys. */
  #operate(operation: Operation, room: number): Answer {
    const excess = this.#excess?.get(operation);
    if (excess !== undefined) return refuse(excess === "tooLarge" ? "operationTooLarge" : "tooManyAnswers");
    this.#state.answerRoom = room;
    return operate(this.#state, operation);
  }
}

/** What does not make sense to this version makes some to those that pass over the fields that it does not. */
function asEarlier(command: Command): Command {
  const isPassedOver = ({ kind }: Operation) => kind === "invalid";
  if (!command.operations.some(isPassedOver)) return command;
  const operations = command.operations.map((operation) =>
    operation.kind === "invalid" ? (operation.earlier ?? operation) : operation,
  );
  return { ...command, operations };
}

function isRefused(answer: Answer, code: RefusalCode): boolean {
  return answer.kind === "refused" && answer.code === code;
}
