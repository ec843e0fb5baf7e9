import { Worker } from "node:worker_threads";
import { StorageError } from "@raftkv/raft-core";
import type { FailStop } from "../fail-stop.ts";
import type { Envelope, Reply } from "./messages.ts";

interface Pending<Answer> {
  readonly id: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Talks to one worker thread: requests go in order, and answers come in order. */
export class WorkerClient<Request, Answer> {
  readonly #worker: Worker;
  readonly #failStop: FailStop;
  readonly #ended: Promise<void>;
  #pending: Pending<Answer>[] = [];
  #lastId = 0;
  #ending = false;

  /** @param entry the worker's module, without its extension, beside `base`. */
  constructor(entry: string, base: string, name: string, failStop: FailStop) {
    this.#failStop = failStop;
    this.#worker = new Worker(moduleBeside(entry, base), { name });
    this.#worker.on("message", (reply: Reply<Answer>) => this.#receive(reply));
    this.#worker.on("error", (error) => this.#fail(`the thread "${name}" broke: ${error.message}`));
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        if (!this.#ending) this.#fail(`the thread "${name}" ended unexpectedly`);
        this.#reject(this.#failStop.error ?? closedError());
        resolve();
      });
    });
  }

  /** Whether the last call has been made. */
  get ending(): boolean {
    return this.#ending;
  }

  call(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    const refusal = this.#failStop.error;
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#ending) return Promise.reject(closedError());
    const envelope: Envelope<Request> = { id: ++this.#lastId, request };
    return new Promise((resolve, reject) => {
      this.#pending.push({ id: envelope.id, resolve, reject });
      this.#worker.postMessage(envelope, transfer);
    });
  }

  /** The last call: resolves once the thread has answered it and has ended. */
  async finish(request: Request): Promise<void> {
    const answered = this.call(request);
    this.#ending = true;
    try {
      await answered;
      await this.#ended;
    } finally {
      await this.terminate();
    }
  }

  /** Ends the thread where it stands. What was not answered never is. */
  async terminate(): Promise<void> {
    this.#ending = true;
    await this.#worker.terminate();
  }

  #receive(reply: Reply<Answer>): void {
    if (reply.kind === "failed") {
      this.#stop(new StorageError(reply.code, reply.message));
      return;
    }
    const answered = this.#pending.findIndex((pending) => pending.id > reply.through);
    const done = this.#pending.splice(0, answered === -1 ? this.#pending.length : answered);
    for (const pending of done) pending.resolve(reply.answer);
  }

  #fail(message: string): void {
    this.#stop(new StorageError("failed", message));
  }

  #stop(error: StorageError): void {
    this.#reject(this.#failStop.fail(error));
  }

  #reject(reason: StorageError): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { reject } of pending) reject(reason);
  }
}

function closedError(): StorageError {
  return new StorageError("closed", "the storage is closed");
}

/** The sources run as they are, under Node's type stripping, and so does the build: each finds its own kind. */
function moduleBeside(entry: string, base: string): URL {
  return new URL(`${entry}.${base.endsWith(".ts") ? "ts" : "js"}`, base);
}

/** Narrows an answer to what was asked for. */
export function expectAnswer<Answer extends { readonly kind: string }, Kind extends Answer["kind"]>(
  answer: Answer,
  kind: Kind,
): Extract<Answer, { readonly kind: Kind }> {
  if (isKind(answer, kind)) return answer;
  throw new StorageError("failed", `a storage thread answered "${answer.kind}" where "${kind}" was expected`);
}

function isKind<Answer extends { readonly kind: string }, Kind extends Answer["kind"]>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { readonly kind: Kind }> {
  return answer.kind === kind;
}
