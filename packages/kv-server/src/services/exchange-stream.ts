import {
  ErrorCode,
  type ExchangeRequest,
  type ExchangeResponse,
  type ReadBatch,
  type ReadResults,
} from "@raftkv/proto/kv";
import type { ConsensusStatus } from "@raftkv/raft-core";
import type { ApplyResult } from "../state/answer.ts";
import { answersBytes } from "../state/answer-bytes.ts";
import { Admission } from "./admission.ts";
import { commandResults, exchangeError, exchangeResponse } from "./answer-messages.ts";
import { errorDetail, failureOf, leaderMessage, notLeader, refusalFailure } from "./error-mapping.ts";
import { batchBytes, parseReadBatch, readResults } from "./exchange-reads.ts";
import { type Failure, KvFailure } from "./kv-failure.ts";
import type { LeadershipView } from "./leadership.ts";
import { Outbox } from "./outbox.ts";
import { SHUTTING_DOWN } from "./pending-writes.ts";
import { readNeeds } from "./read-needs.ts";
import type { AnswerSpace } from "./read-path.ts";
import { type ServiceContext, TOO_MANY_REQUESTS } from "./service-context.ts";
import { invalid } from "./text-form.ts";

/** What a decoded operation of a command batch, and then its answer, takes besides key and value, roughly. */
const OPERATION_BYTES = 128;

/** Nobody hears of it any more. One for all: streams come and go by the hundred while a cluster has no leader. */
const streamOver = new Error("the stream is over");

/** How a stream has ended: `error` is undefined when all is well. */
export interface ExchangeEnd {
  readonly error: unknown;
}

/**
 * One client's stream, however it is carried. Requests are taken as they come and answered as their answers are ready, in
 * the outbox; command batches are proposed in the order in which they came.
 */
export class ExchangeStream {
  readonly outbox: Outbox;
  readonly #context: ServiceContext;
  readonly #changed: () => void;
  readonly #admission: Admission;
  /** Requests without an answer; when the client has said its last, the stream ends with the last of them. */
  #unanswered = 0;
  #requestsEnded = false;
  #pointed = false;
  /** Why the stream ends before all is answered. */
  #ended: ExchangeEnd | undefined;
  readonly #abort = new AbortController();
  readonly #unsubscribe: readonly (() => void)[];

  /** `changed` is called when there is something in the outbox, or the end has come closer. */
  constructor(context: ServiceContext, changed: () => void) {
    const { maxStreamRequests, maxStreamBytes } = context.limits;
    const { leadership, options } = context;
    this.#context = context;
    this.#changed = changed;
    this.outbox = new Outbox(changed);
    this.#admission = new Admission(maxStreamRequests, maxStreamBytes, context.admission);
    this.#unsubscribe = [
      leadership.onChange((view) => this.#leaderChanged(view)),
      options.consensus.onMembersChange((status) => this.#membersChanged(status)),
    ];
  }

  /** Takes a request; ignored once the stream has ended. */
  take(request: ExchangeRequest): void {
    if (this.#ended === undefined) this.#handle(request);
  }

  /** The client has said its last. */
  requestsEnd(): void {
    this.#requestsEnded = true;
    this.#changed();
  }

  /** No request is to be taken until answers have left: the client does not read them. */
  get isFull(): boolean {
    return this.outbox.size >= 2 * this.#context.limits.maxStreamRequests;
  }

  /** Set once nothing follows what is in the outbox. */
  get end(): ExchangeEnd | undefined {
    if (this.#ended !== undefined) return this.#ended;
    return this.#requestsEnded && this.#unanswered === 0 ? { error: undefined } : undefined;
  }

  /** Ends the stream once what is answered has been written; with that error, if there is one. */
  close(error?: unknown): void {
    this.#ended ??= { error };
    this.#abort.abort(this.#ended.error ?? streamOver);
    this.#changed();
  }

  /** Nothing of it is heard or written any more. Has to be called in the end. */
  release(): void {
    for (const end of this.#unsubscribe) end();
    this.close();
    this.#admission.close();
  }

  #handle({ requestId, request }: ExchangeRequest): void {
    switch (request.case) {
      case "commandBatch":
        this.#commands(requestId, request.value);
        return;
      case "reads":
        this.#reads(requestId, request.value);
        return;
      case undefined:
        this.#refuse(requestId, invalid("the request has neither command_batch nor reads"));
        return;
    }
  }

  #commands(requestId: bigint, commandBatch: Uint8Array): void {
    const { leadership, proposer, pendingWrites, limits } = this.#context;
    if (pendingWrites.draining) {
      this.#refuse(requestId, SHUTTING_DOWN);
      return;
    }
    const { ledTerm, leader } = leadership.view();
    if (ledTerm === undefined) {
      this.#refuse(requestId, notLeader(leader));
      return;
    }
    const bytes = commandBatch.length;
    if (bytes > limits.maxBatchBytes) {
      this.#refuse(requestId, batchTooLarge(bytes, limits.maxBatchBytes));
      return;
    }
    if (!this.#admission.admit(bytes)) {
      this.#refuse(requestId, exhausted());
      return;
    }
    const proposed = proposer.propose(commandBatch, ledTerm);
    if (proposed.kind === "refused") {
      this.#answer(error(requestId, proposed.failure), bytes);
      return;
    }
    this.#unanswered++;
    const decodedBytes = proposed.operations * OPERATION_BYTES;
    this.#admission.grow(decodedBytes);
    const held = bytes + decodedBytes;
    pendingWrites.wait(proposed.result).then(
      (result) => {
        const told = result.kind === "answers" ? answersBytes(result.answers) : 0;
        if (told > 0 && this.#admission.full) {
          this.#settle(error(requestId, UNREAD), held);
          return;
        }
        this.#admission.grow(told);
        this.#settle(commandAnswer(requestId, result), held + told);
      },
      (cause) => this.#settle(error(requestId, this.#failure(cause, true)), held),
    );
  }

  #reads(requestId: bigint, batch: ReadBatch): void {
    let held = batchBytes(batch);
    if (!this.#admission.admit(held)) {
      this.#refuse(requestId, exhausted());
      return;
    }
    this.#unanswered++;
    const take = (bytes: number) => {
      this.#admission.grow(bytes);
      held += bytes;
    };
    this.#read(batch, take).then(
      (results) => this.#settle(exchangeResponse(requestId, { case: "reads", value: results }), held),
      (cause) => this.#settle(error(requestId, this.#failure(cause, false)), held),
    );
  }

  async #read(batch: ReadBatch, take: AnswerSpace["take"]): Promise<ReadResults> {
    const { limits, readPath } = this.#context;
    const parsed = parseReadBatch(batch, limits);
    if (parsed.kind === "refused") throw new KvFailure(parsed.failure);
    const admission = this.#admission;
    const space = {
      take,
      get full() {
        return admission.full;
      },
    };
    const needs = readNeeds(batch);
    if (needs.level === "lease") this.#pointToLeader();
    const answers = await readPath.read(parsed.reads, needs, this.#abort.signal, space);
    return readResults(parsed, answers);
  }

  #failure(cause: unknown, isWrite: boolean): Failure {
    return failureOf(cause, this.#context.leadership.view().leader, isWrite);
  }

  #settle(message: ExchangeResponse, bytes: number): void {
    this.#unanswered--;
    this.#answer(message, bytes);
  }

  /** The answer to an admitted request, which takes its place until the answer is written. */
  #answer(message: ExchangeResponse, bytes: number): void {
    this.outbox.put({ message, written: () => this.#admission.release(bytes) });
  }

  #refuse(requestId: bigint, failure: Failure): void {
    this.outbox.put({ message: error(requestId, failure), written: () => undefined });
  }

  /** Whoever reads by lease gains nothing here while another node leads. Said once a stream. */
  #pointToLeader(): void {
    const view = this.#context.leadership.view();
    if (this.#pointed || view.leader === undefined) return;
    this.#pointed = true;
    this.#leaderChanged(view);
  }

  #leaderChanged({ ledTerm, leader }: LeadershipView): void {
    if (ledTerm !== undefined) return;
    const value = {
      $typeName: "raftkv.kv.v1.LeaderChange",
      ...(leader === undefined ? {} : { leader: leaderMessage(leader) }),
    } as const;
    this.outbox.notify(exchangeResponse(0n, { case: "leaderChange", value }));
  }

  /** A client that stays connected while every node is replaced has to know where the new ones are. */
  #membersChanged({ membership }: ConsensusStatus): void {
    const addresses = membership.members.map(({ address }) => address);
    const value = { $typeName: "raftkv.kv.v1.MembersChange", addresses } as const;
    this.outbox.notify(exchangeResponse(0n, { case: "membersChange", value }));
  }
}

function commandAnswer(requestId: bigint, result: ApplyResult): ExchangeResponse {
  switch (result.kind) {
    case "answers":
      return exchangeResponse(requestId, { case: "results", value: commandResults(result.answers) });
    case "refused":
      return error(requestId, refusalFailure(result));
    case "none":
      return error(requestId, { code: ErrorCode.INTERNAL, message: "a command was applied as something else" });
  }
}

/** It may be said again: a session keeps its answers. */
const UNREAD: Failure = {
  code: ErrorCode.RESOURCE_EXHAUSTED,
  message:
    "the commands were carried out, but their answers are large and those before wait to be read: ask again in a session",
  outcomeUnknown: true,
};

function error(requestId: bigint, failure: Failure): ExchangeResponse {
  return exchangeError(requestId, errorDetail(failure));
}

function batchTooLarge(bytes: number, maxBytes: number): Failure {
  return invalid(`the command batch has ${bytes} bytes, at most ${maxBytes} are allowed`);
}

function exhausted(): Failure {
  return { code: ErrorCode.RESOURCE_EXHAUSTED, message: TOO_MANY_REQUESTS };
}
