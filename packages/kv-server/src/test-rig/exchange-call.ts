import { create } from "@bufbuild/protobuf";
import {
  type ExchangeRequest,
  ExchangeRequestSchema,
  type ExchangeResponse,
  type ReadBatch,
  ReadBatchSchema,
} from "@raftkv/proto/kv";
import { type BatchInit, bytes, encodeBatch } from "./command-log.ts";
import { type Carry, pulled } from "./exchange-carriers.ts";
import { promisesSettle } from "./manual-clock.ts";
import type { ServiceRig } from "./service-rig.ts";

/** One open stream: requests go in as a test sends them, answers are collected as they come. */
export class ExchangeCall {
  readonly answers: ExchangeResponse[] = [];
  readonly #abort = new AbortController();
  readonly #requests: ExchangeRequest[] = [];
  readonly ended: Promise<unknown>;
  #wake = () => {};
  #finished = false;
  #nextId = 1n;
  /** While true, answers are not taken off the stream. */
  paused = false;

  constructor(rig: Pick<ServiceRig, "kv" | "services">, carry: Carry = pulled) {
    this.ended = this.#start(rig, carry).catch((error) => error);
  }

  commands(batch: BatchInit): bigint {
    return this.send({ case: "commandBatch", value: encodeBatch(batch) });
  }

  gets(...keys: readonly string[]): bigint {
    const operations = keys.map((key) => ({ operation: { case: "get" as const, value: { key: bytes(key) } } }));
    return this.reads(create(ReadBatchSchema, { operations }));
  }

  reads(batch: ReadBatch): bigint {
    return this.send({ case: "reads", value: batch });
  }

  send(request: ExchangeRequest["request"]): bigint {
    const requestId = this.#nextId++;
    this.#requests.push(create(ExchangeRequestSchema, { requestId, request }));
    this.#wake();
    return requestId;
  }

  /** Requests that the other side has not taken yet. */
  get untaken(): number {
    return this.#requests.length;
  }

  /** The client has said all it has to say. */
  finish(): void {
    this.#finished = true;
    this.#wake();
  }

  /** The client goes away. */
  abort(): void {
    this.#abort.abort();
  }

  answer(requestId: bigint): ExchangeResponse["response"] | undefined {
    return this.answers.find((answer) => answer.requestId === requestId)?.response;
  }

  /** Waits until so many answers have come. */
  async received(count: number): Promise<void> {
    while (this.answers.length < count) await promisesSettle();
  }

  async #start(rig: Pick<ServiceRig, "kv" | "services">, carry: Carry): Promise<undefined> {
    return this.#collect(carry(rig, this.#sending(), this.#abort.signal));
  }

  async *#sending(): AsyncGenerator<ExchangeRequest> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) yield next;
      else if (this.#finished) return;
      else await new Promise<void>((resolve) => this.#waitForRequest(resolve));
    }
  }

  #waitForRequest(resolve: () => void): void {
    this.#wake = resolve;
  }

  async #collect(responses: AsyncIterable<ExchangeResponse>): Promise<undefined> {
    for await (const response of responses) {
      this.answers.push(response);
      while (this.paused) await promisesSettle();
    }
    return undefined;
  }
}
