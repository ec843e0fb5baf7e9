import { create } from "@bufbuild/protobuf";
import { type Operation, type OperationResult, OperationSchema } from "@raftkv/proto/kv";
import type { Call } from "./call.ts";
import { RaftKvError } from "./error.ts";
import type { WriteBatch } from "./write-batch.ts";
import type { WriteRequest } from "./write-request.ts";

type Result = OperationResult["result"];
type AnyCall = Pick<Call<unknown>, "settled" | "done" | "reject" | "close">;

/** One write on its way: waiting, in flight, or sent earlier and to be sent again. */
export class WriteOperation {
  readonly name: string;
  /** About its size on the wire. */
  readonly bytes: number;
  /** It means nothing under another session. */
  readonly boundToSession: boolean;
  readonly #operation: Operation["operation"];
  readonly #call: AnyCall;
  readonly #resolve: (result: Result) => boolean;
  /** Where it has its sequence; undefined as long as it was not sent under the present session. */
  batch: WriteBatch | undefined;
  /** An earlier attempt under the present session was sent, and nothing has said that it came to nothing. */
  earlierAttemptOpen = false;

  private constructor(request: WriteRequest<unknown>, call: AnyCall, resolve: (result: Result) => boolean) {
    this.name = request.name;
    this.bytes = request.bytes;
    this.boundToSession = request.boundToSession ?? false;
    this.#operation = request.operation;
    this.#call = call;
    this.#resolve = resolve;
  }

  static of<T>(request: WriteRequest<T>, call: Call<T>): WriteOperation {
    return new WriteOperation(request, call, (result) => {
      const value = request.toResult(result);
      if (value !== undefined) call.resolve(value);
      return value !== undefined;
    });
  }

  /** Its caller has an answer or has given up: all that is left is a sequence to use up. */
  get settled(): boolean {
    return this.#call.settled;
  }

  /** Resolves when `settled`. */
  get done(): Promise<void> {
    return this.#call.done;
  }

  /** Whether the write may take effect, or have taken it, as far as is known now. */
  get outcomeUnknown(): boolean {
    return this.earlierAttemptOpen || (this.batch?.inFlight ?? false);
  }

  /** What goes on the wire now: a skip, once nobody waits for it. */
  toWire(): Operation {
    return create(OperationSchema, { operation: this.settled ? skip : this.#operation });
  }

  answer(result: Result): void {
    if (this.settled) return;
    try {
      if (this.#resolve(result)) return;
      this.reject(this.#protocolError(String(result.case)));
    } catch (error) {
      this.reject(error instanceof RaftKvError ? error : this.#protocolError(String(error)));
    }
  }

  reject(error: RaftKvError): void {
    this.#call.reject(error);
  }

  /** Rejects it as given up by the client. */
  close(): void {
    this.#call.close();
  }

  #protocolError(found: string): RaftKvError {
    const message = `${this.name}: the node answered with "${found}": do the versions of client and node fit together?`;
    return new RaftKvError("INTERNAL", message, { outcomeUnknown: true });
  }
}

const skip: Operation["operation"] = { case: "skip", value: { $typeName: "raftkv.kv.v1.SkipOperation" } };
