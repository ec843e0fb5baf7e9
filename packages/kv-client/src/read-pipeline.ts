import { create } from "@bufbuild/protobuf";
import { type ErrorDetail, ReadBatchSchema, ReadOperationSchema, type ReadResult } from "@raftkv/proto/kv";
import { Call, type CallOptions, type Known } from "./call.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { Connection, ConnectionUser, ExchangeAnswer } from "./connection.ts";
import { EndOfTurn } from "./end-of-turn.ts";
import { RaftKvError } from "./error.ts";
import { goTogether, wireNeeds } from "./read-needs.ts";
import { ReadOperation, type ReadRequest } from "./read-operation.ts";
import { classify, type FinalRefusal, finalError } from "./refusal.ts";
import { RetryPause } from "./retry-pause.ts";

/**
 * Reads of one client. Reads of one turn, and reads that come while the window is full, share a batch; what is
 * unanswered when a stream breaks is simply asked again.
 */
export class ReadPipeline implements ConnectionUser {
  readonly #connection: Connection;
  readonly #settings: ClientSettings;
  readonly #pause: RetryPause;
  /** Lets the calls of this turn, and those that an answer has set free, come together before they are sent. */
  readonly #endOfTurn: EndOfTurn;
  #waiting = new Set<ReadOperation>();
  readonly #inFlight = new Set<readonly ReadOperation[]>();

  constructor(connection: Connection, settings: ClientSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#pause = new RetryPause(settings, () => this.#pump());
    this.#endOfTurn = new EndOfTurn(settings, () => this.#pump());
    connection.add(this);
  }

  /** Resolves with the answer; rejects with a RaftKvError. */
  read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T> {
    const { maxQueuedReads } = this.#settings;
    if (this.#waiting.size >= maxQueuedReads) {
      const message = `${request.name}: ${this.#waiting.size} reads wait already, at most ${maxQueuedReads} may: await earlier reads first`;
      throw new RaftKvError("OVERLOADED", message);
    }
    const call = new Call<T>({
      ...options,
      name: request.name,
      mutates: false,
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs,
      clock: this.#settings.clock,
      giveUp: (): Known => this.#giveUp(operation),
    });
    const operation: ReadOperation = ReadOperation.of(request, call);
    this.#waiting.add(operation);
    this.#endOfTurn.schedule();
    return call.promise;
  }

  waits(): boolean {
    return this.#waiting.size > 0 || [...this.#inFlight].some((batch) => batch.some((read) => !read.settled));
  }

  connected(): void {
    this.#pump();
  }

  disconnected(): void {
    const unanswered = [...this.#inFlight].flat();
    this.#inFlight.clear();
    this.#askAgain(unanswered);
  }

  /** Resolves once every read that was issued so far is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#all().map((read) => read.done));
  }

  /** Rejects what is left. */
  close(): void {
    this.#pause.stop();
    for (const read of this.#all()) read.close();
  }

  #giveUp(operation: ReadOperation): Known {
    this.#waiting.delete(operation);
    const { futureRevision } = operation;
    if (futureRevision === undefined) return { outcomeUnknown: false, lastFailure: this.#connection.lastFailure };
    return { outcomeUnknown: false, lastFailure: futureRevision, code: "FUTURE_REVISION" };
  }

  #pump(): void {
    if (this.#pause.active || !this.waits()) return;
    this.#connection.need();
    if (!this.#connection.connected) return;
    while (this.#waiting.size > 0 && this.#inFlight.size < this.#settings.maxInflightBatches) this.#send(this.#take());
  }

  /** The next reads that may share a batch: with needs that go together, and of a bounded weight. */
  #take(): readonly ReadOperation[] {
    const taken: ReadOperation[] = [];
    let weight = 0;
    for (const read of this.#waiting) {
      const [first] = taken;
      if (first !== undefined) {
        if (first.alone || weight + read.weight > this.#settings.maxBatchOperations) break;
        if (read.alone || !goTogether(read.needs, first.needs)) continue;
      }
      taken.push(read);
      weight += read.weight;
    }
    for (const read of taken) this.#waiting.delete(read);
    return taken;
  }

  #send(batch: readonly ReadOperation[]): void {
    const [first, ...rest] = batch;
    if (first === undefined) return;
    this.#inFlight.add(batch);
    const value = create(ReadBatchSchema, {
      ...wireNeeds([first.needs, ...rest.map((read) => read.needs)]),
      operations: batch.map((read) => create(ReadOperationSchema, { operation: read.wire })),
    });
    this.#connection.send({ case: "reads", value }, (answer) => this.#answered(batch, answer));
  }

  #answered(batch: readonly ReadOperation[], answer: ExchangeAnswer): void {
    if (answer.case === "error") {
      this.#inFlight.delete(batch);
      this.#refused(batch, answer.value);
    } else if (answer.case === "reads" && answer.value.results.length === batch.length) {
      this.#inFlight.delete(batch);
      this.#settle(batch, answer.value.results);
    } else {
      this.#connection.leave(`an answer to a batch of ${batch.length} reads that does not fit it`);
    }
    this.#endOfTurn.schedule();
  }

  #settle(batch: readonly ReadOperation[], results: readonly ReadResult[]): void {
    let served = 0;
    for (const [index, read] of batch.entries()) {
      const result = results[index]?.result ?? { case: undefined };
      if (result.case === "error") this.#refusedAlone(read, result.value);
      else {
        served++;
        read.answer(result);
      }
    }
    if (served === 0) return;
    this.#connection.served();
    this.#pause.reset();
  }

  /** Not the batch is at fault, but this one read of it. */
  #refusedAlone(read: ReadOperation, detail: ErrorDetail): void {
    const refusal = classify(detail);
    if (refusal.kind !== "futureRevision") this.#refused([read], detail);
    else read.reject(new RaftKvError("FUTURE_REVISION", `${read.name}: ${refusal.reason}`));
  }

  #refused(batch: readonly ReadOperation[], detail: ErrorDetail): void {
    const refusal = classify(detail);
    if (refusal.kind === "final") {
      this.#refusedForGood(batch, refusal);
      return;
    }
    if (refusal.kind === "futureRevision") {
      this.#wantFuture(batch, refusal.reason);
      return;
    }
    this.#askAgain(batch);
    if (refusal.kind === "elsewhere") this.#connection.leaveAfterAnswers(refusal.reason, refusal.leaderAddress);
    else this.#pause.begin();
  }

  /** Which of them asks for too much shows when each goes alone. The node has waited already: no pause is needed. */
  #wantFuture(batch: readonly ReadOperation[], reason: string): void {
    for (const read of batch) {
      if (batch.length === 1) read.futureRevision = reason;
      read.alone = true;
    }
    this.#askAgain(batch);
  }

  #refusedForGood(batch: readonly ReadOperation[], refusal: FinalRefusal): void {
    if (batch.length === 1) {
      for (const read of batch) read.reject(finalError(read.name, refusal, false));
      return;
    }
    for (const read of batch) read.alone = true;
    this.#askAgain(batch);
  }

  /** Before those that have not been asked yet. */
  #askAgain(reads: readonly ReadOperation[]): void {
    this.#waiting = new Set([...reads.filter((read) => !read.settled), ...this.#waiting]);
  }

  #all(): readonly ReadOperation[] {
    return [...this.#waiting, ...[...this.#inFlight].flat()];
  }
}
