import { create } from "@bufbuild/protobuf";
import { type Fence, type OperationResult, OperationSchema, type Operation as WireOperation } from "@raftkv/proto/kv";
import type { Call } from "./call.ts";
import { type Answering, answering, Operation } from "./operation.ts";
import type { WriteBatch } from "./write-batch.ts";
import type { WriteRequest } from "./write-request.ts";

type Result = OperationResult["result"];

/**
 * One write on its way: waiting, in flight, or sent earlier and to be sent again. Once it is settled all that is left of it
 * is a sequence to use up.
 */
export class WriteOperation extends Operation<Result> {
  /** About its size on the wire. */
  readonly bytes: number;
  /** It means nothing under another session. */
  readonly boundToSession: boolean;
  readonly #operation: WireOperation["operation"];
  readonly #fence: Fence | undefined;
  /** Where it has its sequence; undefined as long as it was not sent under the present session. */
  batch: WriteBatch | undefined;
  /** An earlier attempt under the present session was sent, and nothing has said that it came to nothing. */
  earlierAttemptOpen = false;

  private constructor(request: WriteRequest<unknown>, answer: Answering<Result>) {
    super(request, answer, true);
    this.bytes = request.bytes;
    this.boundToSession = request.boundToSession ?? false;
    this.#operation = request.operation;
    this.#fence = request.fence;
  }

  static of<T>(request: WriteRequest<T>, call: Call<T>): WriteOperation {
    return new WriteOperation(request, answering(request, call));
  }

  /** Whether the write may take effect, or have taken it, as far as is known now. */
  get outcomeUnknown(): boolean {
    return this.earlierAttemptOpen || (this.batch?.inFlight ?? false);
  }

  /** What goes on the wire now: a skip, once nobody waits for it. */
  toWire(): WireOperation {
    if (this.settled) return create(OperationSchema, { operation: skip });
    const operation = this.#operation;
    return create(OperationSchema, this.#fence === undefined ? { operation } : { operation, fence: this.#fence });
  }
}

const skip: WireOperation["operation"] = { case: "skip", value: { $typeName: "raftkv.kv.v1.SkipOperation" } };
