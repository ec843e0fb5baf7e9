import {
  type Comparison,
  type DeleteRangeResult,
  type DeleteResult,
  type KeyValue,
  key,
  keys,
  type PutResult,
  RaftKv,
  RaftKvError,
  type RangeStepResult,
  type Step,
  step,
  type TransactionResult,
} from "@raftkv/kv-client";
import { NodeProcess } from "../process/harness/node-process.ts";
import { temporaryDirectory } from "../process/harness/temporary-directory.ts";
import type {
  Answer,
  ComparisonRequest,
  Entry,
  RangeRequest,
  Request,
  StepRequest,
  Store,
  TransactionRequest,
} from "./request.ts";

/** A real node, asked by the client. */
export class RaftkvStore implements Store {
  readonly #node: NodeProcess;
  readonly #client: RaftKv;
  readonly #directory: AsyncDisposable;

  private constructor(node: NodeProcess, client: RaftKv, directory: AsyncDisposable) {
    this.#node = node;
    this.#client = client;
    this.#directory = directory;
  }

  static async start(): Promise<RaftkvStore> {
    const directory = await temporaryDirectory();
    const node = NodeProcess.start({ args: ["--data-dir", directory.path, "--listen", "127.0.0.1:0"] });
    const client = new RaftKv({ endpoints: [await node.address()], timeoutMs: 20_000 });
    const store = new RaftkvStore(node, client, directory);
    await store.#ready();
    return store;
  }

  async ask(request: Request): Promise<Answer> {
    try {
      return await this.#ask(request);
    } catch (error) {
      if (error instanceof RaftKvError) return { kind: "error", error: errorName(error) };
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#node[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }

  /** A cluster begins with the ways of its first version, and goes on to the latest by itself. */
  async #ready(): Promise<void> {
    const deadline = AbortSignal.timeout(20_000);
    for (;;) {
      deadline.throwIfAborted();
      try {
        await this.#client.transaction({ do: [step.get("a")] });
        return;
      } catch (error) {
        if (!(error instanceof RaftKvError && error.code === "CLUSTER_TOO_OLD")) throw error;
      }
    }
  }

  async #ask(request: Request): Promise<Answer> {
    const client = this.#client;
    switch (request.kind) {
      case "put":
        return putAnswer(await client.put(request.key, request.value, putOptions(request)));
      case "delete":
        return deleteAnswer(await client.delete(request.key, { previous: request.previous }));
      case "deleteRange":
        return deleteRangeAnswer(await client.deleteRange(rangeOf(request), { previous: request.previous }));
      case "get": {
        const found = await client.get(request.key, atOf(request));
        return { kind: "get", entry: found && entryOf(found) };
      }
      case "range": {
        const entries: Entry[] = [];
        for await (const found of client.range({ ...rangeOptions(request), ...atOf(request) })) {
          entries.push(entryOf(found));
        }
        return { kind: "range", entries };
      }
      case "count":
        return { kind: "count", count: await client.count({ ...rangeOf(request), ...atOf(request) }) };
      case "compact":
        await client.compact(request.revision);
        return { kind: "compact" };
      case "grantLease":
        await client.leases.grant(3_600_000, { id: request.lease, keepAlive: false });
        return { kind: "grantLease" };
      case "revokeLease": {
        const { revision } = await client.leases.revoke(request.lease);
        return { kind: "revokeLease", revision };
      }
      case "transaction": {
        const { comparisons, success, failure } = request.transaction;
        const spec = { if: comparisons.map(comparisonOf), do: success.map(stepOf), else: failure.map(stepOf) };
        return transactionAnswer(request.transaction, await client.transaction(spec));
      }
    }
  }
}

const ERRORS: Readonly<Partial<Record<string, string>>> = {
  COMPACTED: "compacted",
  LEASE_EXISTS: "lease exists",
  LEASE_NOT_FOUND: "lease not found",
  FUTURE_REVISION: "future revision",
};

function errorName({ code, message }: RaftKvError): string {
  if (code === "REFUSED" && message.includes("writes a key twice")) return "duplicate key";
  return ERRORS[code] ?? message;
}

function putOptions({ previous, lease }: { readonly previous: boolean; readonly lease?: number }) {
  return { previous, ...(lease === undefined ? {} : { lease }) };
}

function rangeOf({ from, to }: { readonly from: string; readonly to: string }) {
  return { from, ...(to === "" ? {} : { to }) };
}

function rangeOptions(request: RangeRequest) {
  const { limit, keysOnly, sortBy, descending, filter } = request;
  return { ...rangeOf(request), ...(limit === 0 ? {} : { limit }), keysOnly, sortBy, descending, ...filter };
}

function atOf(request: { readonly at?: number }) {
  return request.at === undefined ? {} : { atRevision: request.at };
}

function comparisonOf({ key: name, to, relation, target, operand }: ComparisonRequest): Comparison {
  const subject = to === undefined ? key(name) : keys(rangeOf({ from: name, to }));
  if (target === "value") return subject.value[relation](String(operand));
  return subject[target === "lease" ? "leaseId" : target][relation](Number(operand));
}

function stepOf(request: StepRequest): Step<unknown> {
  switch (request.kind) {
    case "put":
      return step.put(request.key, request.value, { previous: request.previous });
    case "delete":
      return step.delete(request.key, { previous: request.previous });
    case "deleteRange":
      return step.deleteRange(rangeOf(request), { previous: request.previous });
    case "get":
      return step.get(request.key);
    case "range":
      return step.range(rangeOptions(request));
    case "transaction": {
      const { comparisons, success, failure } = request.transaction;
      return step.transaction({
        if: comparisons.map(comparisonOf),
        do: success.map(stepOf),
        else: failure.map(stepOf),
      });
    }
  }
}

type Steps = readonly Step<unknown>[];

function transactionAnswer(request: TransactionRequest, result: TransactionResult<Steps, Steps>): Answer {
  const { revision, succeeded } = result;
  const steps = succeeded ? request.success : request.failure;
  const results = steps.map((each, i) => stepAnswer(each, result.results[i]));
  return { kind: "transaction", revision, succeeded, results };
}

/** The steps were made from `request`, so their results are of its kinds. */
function stepAnswer(request: StepRequest, result: unknown): Answer {
  switch (request.kind) {
    case "put":
      return putAnswer(result as PutResult);
    case "delete":
      return deleteAnswer(result as DeleteResult);
    case "deleteRange":
      return deleteRangeAnswer(result as DeleteRangeResult);
    case "get": {
      const found = result as KeyValue | undefined;
      return { kind: "get", entry: found && entryOf(found) };
    }
    case "range": {
      const { entries, more } = result as RangeStepResult;
      return { kind: "range", entries: entries.map(entryOf), more };
    }
    case "transaction":
      return transactionAnswer(request.transaction, result as TransactionResult<Steps, Steps>);
  }
}

function putAnswer({ revision, previous }: PutResult): Answer {
  return { kind: "put", revision, previous: previous && entryOf(previous) };
}

function deleteAnswer({ revision, deleted, previous }: DeleteResult): Answer {
  const were = previous === undefined ? [] : [entryOf(previous)];
  return { kind: "delete", revision, deleted: deleted ? 1 : 0, previous: were };
}

function deleteRangeAnswer({ revision, deleted, previous }: DeleteRangeResult): Answer {
  return { kind: "delete", revision, deleted, previous: previous.map(entryOf) };
}

function entryOf({ key, text, createRevision, modRevision, version, leaseId = 0 }: KeyValue): Entry {
  return { key, value: text, createRevision, modRevision, version, lease: leaseId };
}
