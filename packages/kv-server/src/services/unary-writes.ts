import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  CommandBatchSchema,
  type CompactRequest,
  type CompactResponse,
  CompactResponseSchema,
  DeleteOperationSchema,
  type DeleteRangeOperation,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type DeleteRequest,
  type DeleteResponse,
  ErrorCode,
  ErrorDetailSchema,
  type Fence,
  type Operation,
  PutOperationSchema,
  type PutRequest,
  type PutResponse,
  TransactionOperationSchema,
  type TransactionRequest,
  type TransactionResponse,
} from "@raftkv/proto/kv";
import type { Answer } from "../state/answer.ts";
import { notLeader, refusalFailure } from "./error-mapping.ts";
import { type Failure, KvFailure } from "./kv-failure.ts";
import { SHUTTING_DOWN } from "./pending-writes.ts";
import { type ForwardClient, type ServiceContext, TOO_MANY_REQUESTS } from "./service-context.ts";
import { givenKey, givenValue, invalid, prefixEnd, textBytes } from "./text-form.ts";
import { deleteRangeResult, deleteResult, putResult, transactionResult } from "./write-messages.ts";

export type Call = Pick<HandlerContext, "signal" | "timeoutMs">;
type WriteOperation = Exclude<Operation["operation"], { case: undefined }>;

export async function put(context: ServiceContext, request: PutRequest, call: Call): Promise<PutResponse> {
  const key = givenKey(request.keyForm).bytes;
  const value = request.keepValue ? noValue(request) : givenValue(request.valueForm);
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.put({ ...request, forward: false }, options));
  }
  const { leaseId, ttlMs, withPrevious, keepValue, keepLease, fence } = request;
  const operation = {
    case: "put",
    value: create(PutOperationSchema, { key, value, leaseId, ttlMs, withPrevious, keepValue, keepLease }),
  } as const;
  const answer = await write(context, { operation, fence, bytes: key.length + value.length }, call);
  if (answer.kind !== "put") throw unexpected(answer);
  const asText = request.keyForm.case === "keyText";
  return { ...putResult(answer, asText), $typeName: "raftkv.kv.v1.PutResponse" };
}

export async function del(context: ServiceContext, request: DeleteRequest, call: Call): Promise<DeleteResponse> {
  const key = givenKey(request.keyForm).bytes;
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.delete({ ...request, forward: false }, options));
  }
  const { withPrevious, fence } = request;
  const operation = { case: "delete", value: create(DeleteOperationSchema, { key, withPrevious }) } as const;
  const answer = await write(context, { operation, fence, bytes: key.length }, call);
  if (answer.kind !== "delete") throw unexpected(answer);
  return { ...deleteResult(answer, request.keyForm.case === "keyText"), $typeName: "raftkv.kv.v1.DeleteResponse" };
}

export async function deleteRange(
  context: ServiceContext,
  request: DeleteRangeRequest,
  call: Call,
): Promise<DeleteRangeResponse> {
  const { from, to, all } = givenRange(request);
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.deleteRange({ ...request, forward: false }, options));
  }
  const { withPrevious, fence, prefixText } = request;
  const value = { $typeName: "raftkv.kv.v1.DeleteRangeOperation", from, to, withPrevious, all } as const;
  const operation = { case: "deleteRange", value } as const;
  const answer = await write(context, { operation, fence, bytes: from.length + to.length }, call);
  if (answer.kind !== "deleteRange") throw unexpected(answer);
  return { ...deleteRangeResult(answer, prefixText !== ""), $typeName: "raftkv.kv.v1.DeleteRangeResponse" };
}

export async function transaction(
  context: ServiceContext,
  request: TransactionRequest,
  call: Call,
): Promise<TransactionResponse> {
  if (request.transaction === undefined) throw new KvFailure(invalid("the request has no transaction"));
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.transaction({ ...request, forward: false }, options));
  }
  const operation = { case: "transaction", value: request.transaction } as const;
  const bytes = toBinary(TransactionOperationSchema, request.transaction).length;
  const answer = await write(context, { operation, fence: request.fence, bytes }, call);
  if (answer.kind !== "transaction") throw unexpected(answer);
  return { $typeName: "raftkv.kv.v1.TransactionResponse", result: transactionResult(answer) };
}

/** A value that is empty because its field's name was mistaken would not be kept but lost. */
function noValue({ valueForm }: PutRequest): Uint8Array {
  if (valueForm.case === undefined || valueForm.value.length === 0) return NOTHING;
  throw new KvFailure(invalid("keep_value excludes value and value_text: the key keeps the value that it has"));
}

function givenRange({
  from,
  to,
  prefixText,
  all,
}: DeleteRangeRequest): Pick<DeleteRangeOperation, "from" | "to" | "all"> {
  if (prefixText === "") {
    if (from.length > 0 || to.length > 0 || all) return { from, to, all };
    throw new KvFailure(invalid("the request names no keys: set prefix_text, from or to, or all to delete every key"));
  }
  if (from.length > 0 || to.length > 0 || all) throw new KvFailure(invalid("prefix_text excludes from, to and all"));
  const prefix = textBytes("prefix_text", prefixText);
  return { from: prefix, to: prefixEnd(prefix) ?? NOTHING, all };
}

const NOTHING = new Uint8Array(0);

export async function compact(context: ServiceContext, request: CompactRequest, call: Call): Promise<CompactResponse> {
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.compact({ ...request, forward: false }, options));
  }
  const operation = { $typeName: "raftkv.kv.v1.CompactOperation", revision: request.revision } as const;
  const answer = await write(
    context,
    { operation: { case: "compact", value: operation }, fence: undefined, bytes: 0 },
    call,
  );
  if (answer.kind !== "compact") throw unexpected(answer);
  return create(CompactResponseSchema, { compactRevision: BigInt(answer.compactRevision) });
}

interface Write {
  readonly operation: WriteOperation;
  readonly fence: Fence | undefined;
  /** About what it takes in memory. */
  readonly bytes: number;
}

/** Proposes one operation, without a session. Rejects with a `KvFailure`, or what consensus rejects with. */
export async function write(context: ServiceContext, { operation, fence, bytes }: Write, call: Call): Promise<Answer> {
  const { pendingWrites, admission, leadership, proposer } = context;
  if (pendingWrites.draining) throw new KvFailure(SHUTTING_DOWN);
  const { ledTerm, leader } = leadership.view();
  if (ledTerm === undefined) throw new KvFailure(notLeader(leader));
  if (!admission.admit(bytes)) throw new KvFailure(exhausted());
  try {
    const proposed = proposer.propose(encodeBatch(operation, fence), ledTerm);
    if (proposed.kind === "refused") throw new KvFailure(proposed.failure);
    const result = await pendingWrites.wait(proposed.result, call.signal);
    if (result.kind === "refused") throw new KvFailure(refusalFailure(result));
    const answer = result.kind === "answers" ? result.answers[0] : undefined;
    if (answer === undefined) throw new Error("applying one operation gave no answer");
    if (answer.kind === "refused") throw new KvFailure(refusalFailure(answer));
    return answer;
  } finally {
    admission.release(bytes);
  }
}

function encodeBatch(operation: WriteOperation, fence: Fence | undefined): Uint8Array {
  const operations = [fence === undefined ? { operation } : { operation, fence }];
  return toBinary(CommandBatchSchema, create(CommandBatchSchema, { operations }));
}

export function unexpected(answer: Answer): Error {
  return new Error(`an operation was answered with the answer to another: ${answer.kind}`);
}

function exhausted(): Failure {
  return { code: ErrorCode.RESOURCE_EXHAUSTED, message: TOO_MANY_REQUESTS };
}

/** Undefined: this node leads, or nobody does, or it cannot forward; then the write goes on without a detour. */
export function leaderClient({ leadership, options }: ServiceContext): ForwardClient | undefined {
  const { ledTerm, leader } = leadership.view();
  return ledTerm === undefined && leader !== undefined ? options.forward?.(leader) : undefined;
}

/**
 * Sends a write on, once: it has no session, so it is never sent again after that, and an answer that does not come
 * from a raftkv node leaves its outcome unknown.
 */
export async function forwarded<Response>(
  call: Call,
  send: (options: { signal: AbortSignal; timeoutMs?: number }) => Promise<Response>,
): Promise<Response> {
  const timeoutMs = call.timeoutMs();
  try {
    return await send({ signal: call.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  } catch (error) {
    call.signal.throwIfAborted();
    const [detail] = ConnectError.from(error).findDetails(ErrorDetailSchema);
    if (detail === undefined) throw new KvFailure(lostOnTheWay(error), { cause: error });
    const leader = detail.leader && { nodeId: Number(detail.leader.nodeId), address: detail.leader.address };
    const { code, message, outcomeUnknown } = detail;
    throw new KvFailure({ code, message, outcomeUnknown, leader }, { cause: error });
  }
}

function lostOnTheWay(error: unknown): Failure {
  return {
    code: ErrorCode.OUTCOME_UNKNOWN,
    message: `the leader did not answer the forwarded request (${ConnectError.from(error).message}): it may or may not take effect`,
    outcomeUnknown: true,
  };
}
