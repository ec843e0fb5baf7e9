import type { ErrorDetail, OperationResult } from "@raftkv/proto/kv";
import { Call, type CallOptions } from "./call.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { Connection, ConnectionUser, ExchangeAnswer } from "./connection.ts";
import { EndOfTurn } from "./end-of-turn.ts";
import { RaftKvError } from "./error.ts";
import { classifyWrite, type FinalRefusal, finalError, leavesOutcomeOpen } from "./refusal.ts";
import { RetryPause } from "./retry-pause.ts";
import { Session } from "./session.ts";
import { WriteBatch } from "./write-batch.ts";
import { WriteOperation } from "./write-operation.ts";
import { WriteQueue } from "./write-queue.ts";
import { closeSessionRequest, type WriteRequest } from "./write-request.ts";

/**
 * Every write of one client, exactly once and in the order of the calls (dissertation, section 6.3). Calls of one turn, and
 * calls that come while the window is full, share a batch. A write gets its sequence when it is first sent and keeps it
 * until it is answered: after a broken stream or a change of leader whatever is unanswered goes again, in order, under the
 * same session. After a refusal nothing is sent until all that is in flight has been answered, because whatever follows a
 * refused batch is refused too; then it goes on from the lowest unanswered sequence.
 */
export class WritePipeline implements ConnectionUser {
  readonly #connection: Connection;
  readonly #settings: ClientSettings;
  readonly #waiting = new WriteQueue();
  readonly #session: Session;
  readonly #pause: RetryPause;
  /** Lets the calls of this turn, and those that an answer has set free, come together before they are sent. */
  readonly #endOfTurn: EndOfTurn;
  /** Sent under the present session and not answered, by sequence. */
  #batches: WriteBatch[] = [];
  /** Something was refused: wait for the answers to the rest of what is in flight. */
  #draining = false;

  constructor(connection: Connection, settings: ClientSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#pause = new RetryPause(settings, () => this.#pump());
    this.#endOfTurn = new EndOfTurn(settings, () => this.#pump());
    this.#session = new Session(connection, settings.sessionTtlMs, {
      opened: () => this.#endOfTurn.schedule(),
      refused: (detail) => this.#sessionRefused(detail),
    });
    connection.add(this);
  }

  /** Resolves with the answer; rejects with a RaftKvError. */
  write<T>(request: WriteRequest<T>, options: CallOptions): Promise<T> {
    const { clock, timeoutMs, maxQueuedBytes } = this.#settings;
    if (this.#waiting.size > 0 && this.#waiting.bytes + request.bytes > maxQueuedBytes) {
      const message = `${request.name}: ${this.#waiting.bytes} bytes of writes wait already, at most ${maxQueuedBytes} may: await earlier writes first`;
      throw new RaftKvError("OVERLOADED", message);
    }
    const call: Call<T> = new Call<T>({
      ...options,
      name: request.name,
      mutates: true,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      clock,
      giveUp: () => this.#giveUp(operation),
    });
    const operation: WriteOperation = WriteOperation.of(request, call);
    this.#waiting.add(operation);
    this.#endOfTurn.schedule();
    return call.promise;
  }

  waits(): boolean {
    return this.#waiting.size > 0 || this.#batches.some((batch) => !batch.settled);
  }

  connected(): void {
    this.#pump();
  }

  disconnected(): void {
    for (const batch of this.#batches) this.#lost(batch);
    this.#session.disconnected();
    this.#drained();
  }

  /** Resolves once every write that was issued so far is settled. */
  async settled(): Promise<void> {
    const operations = [...this.#waiting.all(), ...this.#batches.flatMap((batch) => batch.operations)];
    await Promise.all(operations.map((operation) => operation.done));
  }

  /** Tells the cluster that the session is over, where that costs no new connection or session; else it expires. */
  async closeSession(timeoutMs: number): Promise<void> {
    if (!this.#connection.connected || this.#session.state.kind !== "open") return;
    try {
      await this.write(closeSessionRequest(), { timeoutMs });
    } catch {
      // It expires by itself.
    }
  }

  /** Rejects what is left. */
  close(): void {
    this.#pause.stop();
    for (const batch of this.#batches) for (const operation of batch.operations) operation.close();
    for (const operation of this.#waiting.all()) operation.close();
  }

  #pump(): void {
    if (this.#pause.active || !this.waits()) return;
    this.#connection.need();
    if (!this.#connection.connected || (this.#draining && !this.#drained())) return;
    const { state } = this.#session;
    if (state.kind === "none") this.#session.open();
    if (state.kind !== "open") return;
    this.#resend(state.id);
    this.#sendNew(state.id);
  }

  /** True once nothing is in flight, and what a refusal called for has been done. */
  #drained(): boolean {
    if (this.#inFlight() > 0) return false;
    this.#draining = false;
    if (this.#session.state.kind === "ended") this.#leaveSession();
    return true;
  }

  #resend(sessionId: number): void {
    for (const batch of this.#batches) {
      if (batch.inFlight) continue;
      if (this.#inFlight() >= this.#settings.maxInflightBatches) return;
      this.#send(batch, sessionId);
    }
  }

  #sendNew(sessionId: number): void {
    const { maxBatchOperations, maxBatchBytes, maxInflightBatches } = this.#settings;
    while (this.#waiting.size > 0 && this.#batches.length < maxInflightBatches) {
      const operations = this.#waiting.take(maxBatchOperations, maxBatchBytes);
      const batch = new WriteBatch(this.#session.takeSequences(operations.length), operations);
      this.#batches.push(batch);
      this.#send(batch, sessionId);
    }
  }

  #send(batch: WriteBatch, sessionId: number): void {
    const lowestUnanswered = this.#batches[0]?.firstSequence ?? batch.firstSequence;
    const value = batch.encode(sessionId, lowestUnanswered - 1);
    batch.inFlight = true;
    this.#connection.send({ case: "commandBatch", value }, (answer) => this.#answered(batch, answer));
  }

  #answered(batch: WriteBatch, answer: ExchangeAnswer): void {
    if (answer.case === "error") {
      batch.inFlight = false;
      this.#refused(batch, answer.value);
    } else if (answer.case === "results" && answer.value.results.length === batch.operations.length) {
      batch.inFlight = false;
      this.#settle(batch, answer.value.results);
    } else {
      this.#connection.leave(`an answer to a batch of ${batch.operations.length} writes that does not fit it`);
    }
    this.#endOfTurn.schedule();
  }

  #settle(batch: WriteBatch, results: readonly OperationResult[]): void {
    for (const [index, operation] of batch.operations.entries()) {
      const result = results[index]?.result ?? { case: undefined };
      if (result.case !== "error") {
        operation.answer(result);
        continue;
      }
      const refusal = classifyWrite(result.value);
      if (refusal.kind === "final") {
        operation.reject(finalError(operation.name, refusal, leavesOutcomeOpen(result.value)));
      } else if (refusal.kind === "answerDiscarded") operation.reject(outcomeUnknown(operation, refusal.reason));
      else {
        const rest = batch.after(index);
        rest.leaveAnsweredOpen(results.slice(index));
        this.#replace(batch, [rest]);
        this.#refused(rest, result.value);
        return;
      }
    }
    this.#replace(batch, []);
    this.#connection.served();
    this.#pause.reset();
  }

  #refused(batch: WriteBatch, detail: ErrorDetail): void {
    if (leavesOutcomeOpen(detail)) batch.leaveOpen();
    const refusal = classifyWrite(detail);
    this.#draining = true;
    switch (refusal.kind) {
      case "elsewhere":
        this.#connection.leaveAfterAnswers(refusal.reason, refusal.leaderAddress);
        break;
      case "later":
        this.#pause.begin();
        break;
      case "sequenceGap":
        // Below what was answered already: the cluster has forgotten answers that it gave, or is another cluster.
        if (refusal.expectedSequence < (this.#batches[0]?.firstSequence ?? 0)) this.#session.end();
        this.#pause.begin();
        break;
      case "sessionUnknown":
        this.#session.end();
        break;
      case "answerDiscarded":
        for (const operation of batch.operations) operation.reject(outcomeUnknown(operation, refusal.reason));
        this.#replace(batch, []);
        break;
      case "final":
        this.#refusedForGood(batch, refusal);
    }
  }

  /** Which of its writes is at fault shows when each goes alone; that one is rejected, and its sequence becomes a skip. */
  #refusedForGood(batch: WriteBatch, refusal: FinalRefusal): void {
    if (batch.settled) {
      this.#session.end(); // Not even the skips are taken.
    } else if (batch.operations.length > 1) {
      this.#replace(batch, batch.split());
    } else {
      for (const operation of batch.operations) {
        operation.reject(finalError(operation.name, refusal, operation.earlierAttemptOpen));
      }
    }
  }

  #sessionRefused(detail: ErrorDetail | undefined): void {
    const refusal = detail === undefined ? undefined : classifyWrite(detail);
    switch (refusal?.kind) {
      case "later":
        this.#pause.begin();
        break;
      case "final":
        for (const operation of this.#waiting.all()) {
          this.#waiting.remove(operation);
          operation.reject(finalError(operation.name, refusal, false));
        }
        break;
      case "elsewhere":
        this.#connection.leaveAfterAnswers(refusal.reason, refusal.leaderAddress);
        break;
      default:
        this.#connection.leave(`no answer to the opening of a session: ${refusal?.reason ?? "it does not fit"}`);
    }
  }

  /**
   * The session has ended, so nothing more can take effect under it. What was refused and had no other attempt certainly
   * did not happen and goes again under a new session; of the rest nobody can tell any more.
   */
  #leaveSession(): void {
    const operations = this.#batches.flatMap((batch) => batch.operations).filter((operation) => !operation.settled);
    this.#batches = [];
    this.#session.forget();
    for (const operation of operations) {
      operation.batch = undefined;
      if (!operation.earlierAttemptOpen && !operation.boundToSession) continue;
      operation.reject(outcomeUnknown(operation, "its session ended before the answer came"));
    }
    this.#waiting.addFirst(operations.filter((operation) => !operation.settled));
  }

  #lost(batch: WriteBatch): void {
    if (!batch.inFlight) return;
    batch.inFlight = false;
    batch.leaveOpen();
  }

  #replace(batch: WriteBatch, replacement: readonly WriteBatch[]): void {
    this.#batches.splice(this.#batches.indexOf(batch), 1, ...replacement);
  }

  #inFlight(): number {
    return this.#batches.filter((batch) => batch.inFlight).length;
  }

  /** What was never sent is gone without a trace; what was sent keeps its sequence, as a skip. */
  #giveUp(operation: WriteOperation): { outcomeUnknown: boolean; lastFailure: string | undefined } {
    this.#waiting.remove(operation);
    return { outcomeUnknown: operation.outcomeUnknown, lastFailure: this.#connection.lastFailure };
  }
}

function outcomeUnknown(operation: WriteOperation, why: string): RaftKvError {
  const message = `${operation.name}: ${why}; it may have taken effect: read to find out`;
  return new RaftKvError("OUTCOME_UNKNOWN", message, { outcomeUnknown: true });
}
