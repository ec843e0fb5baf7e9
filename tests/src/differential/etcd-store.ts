import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { freePorts } from "../process/harness/free-ports.ts";
import { temporaryDirectory } from "../process/harness/temporary-directory.ts";
import type { Answer, ComparisonRequest, Entry, RangeRequest, Request, StepRequest, Store } from "./request.ts";
import { FILTERS } from "./request.ts";

export function isEtcdInstalled(): boolean {
  return spawnSync("etcd", ["--version"]).status === 0;
}

/** A real etcd, of one member, asked over HTTP by its own gateway (`/v3`, JSON with bytes in base64 and numbers in text). */
export class EtcdStore implements Store {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #directory: AsyncDisposable;

  private constructor(child: ChildProcess, url: string, directory: AsyncDisposable) {
    this.#child = child;
    this.#url = url;
    this.#directory = directory;
  }

  static async start(): Promise<EtcdStore> {
    const directory = await temporaryDirectory();
    const [client, peer] = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`);
    if (client === undefined || peer === undefined) throw new Error("no two ports are free");
    const child = spawn(
      "etcd",
      [
        ...["--name", "m", "--data-dir", join(directory.path, "etcd"), "--initial-cluster", `m=${peer}`],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--log-level", "error"],
      ],
      { stdio: "ignore" },
    );
    const store = new EtcdStore(child, client, directory);
    try {
      await store.#ready();
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
    return store;
  }

  async ask(request: Request): Promise<Answer> {
    switch (request.kind) {
      case "put":
      case "delete":
      case "deleteRange":
      case "get":
      case "range": {
        const { path, body, told } = operation(request);
        const response = await this.#post(path, body);
        return isError(response) ? response : told(response);
      }
      case "count": {
        const body = { ...bounds(request.from, request.to), ...at(request), count_only: true };
        const response = await this.#post("kv/range", body);
        return isError(response) ? response : { kind: "count", count: number(response.count) };
      }
      case "compact": {
        const response = await this.#post("kv/compaction", { revision: `${request.revision}` });
        return isError(response) ? response : { kind: "compact" };
      }
      case "grantLease": {
        const response = await this.#post("lease/grant", { ID: `${request.lease}`, TTL: "3600" });
        return isError(response) ? response : { kind: "grantLease" };
      }
      case "revokeLease": {
        const response = await this.#post("lease/revoke", { ID: `${request.lease}` });
        return isError(response) ? response : { kind: "revokeLease", revision: revision(response) };
      }
      case "transaction": {
        const response = await this.#post("kv/txn", transaction(request.transaction));
        return isError(response) ? response : transactionAnswer(request.transaction, response);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    await this.#directory[Symbol.asyncDispose]();
  }

  async #ready(): Promise<void> {
    const deadline = AbortSignal.timeout(20_000);
    for (;;) {
      deadline.throwIfAborted();
      try {
        if (!isError(await this.#post("kv/range", { key: base64("a") }))) return;
      } catch {
        // It does not listen yet.
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #post(path: string, body: object): Promise<Json | EtcdError> {
    const response = await fetch(`${this.#url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    const json = (await response.json()) as Json;
    return response.ok ? json : { kind: "error", error: errorName(String(json.error)) };
  }
}

/** An answer of the gateway, or a part of one. What is 0, false or empty is left out. */
interface Json {
  readonly kind?: never;
  readonly error?: string;
  readonly header?: { readonly revision?: string };
  readonly kvs?: readonly JsonKeyValue[];
  readonly count?: string;
  readonly more?: boolean;
  readonly prev_kv?: JsonKeyValue;
  readonly prev_kvs?: readonly JsonKeyValue[];
  readonly deleted?: string;
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_put?: Json;
    readonly response_range?: Json;
    readonly response_delete_range?: Json;
    readonly response_txn?: Json;
  }[];
}

interface JsonKeyValue {
  readonly key?: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly version?: string;
  readonly lease?: string;
}

type EtcdError = Extract<Answer, { kind: "error" }>;

function isError(response: Json | EtcdError): response is EtcdError {
  return response.kind === "error";
}

const ERRORS: readonly (readonly [RegExp, string])[] = [
  [/required revision has been compacted/, "compacted"],
  [/required revision is a future revision/, "future revision"],
  [/requested lease not found/, "lease not found"],
  [/lease already exists/, "lease exists"],
  [/duplicate key given in txn request/, "duplicate key"],
];

function errorName(message: string): string {
  return ERRORS.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}

type Simple = Exclude<
  Request | StepRequest,
  { kind: "transaction" | "count" | "compact" | "grantLease" | "revokeLease" }
>;

interface Operation {
  readonly path: string;
  readonly body: object;
  readonly told: (response: Json) => Answer;
}

function operation(request: Simple): Operation {
  switch (request.kind) {
    case "put":
      return {
        path: "kv/put",
        body: {
          key: base64(request.key),
          value: base64(request.value),
          prev_kv: request.previous,
          lease: `${request.lease ?? 0}`,
        },
        told: (response) => {
          const previous = response.prev_kv === undefined ? undefined : entry(response.prev_kv);
          return { kind: "put", revision: revision(response), previous };
        },
      };
    case "delete":
      return deletion({ key: base64(request.key), prev_kv: request.previous });
    case "deleteRange":
      return deletion({ ...bounds(request.from, request.to), prev_kv: request.previous });
    case "get":
      return {
        path: "kv/range",
        body: { key: base64(request.key), ...at(request) },
        told: (response) => ({ kind: "get", entry: entries(response.kvs)[0] }),
      };
    case "range":
      return {
        path: "kv/range",
        body: { ...range(request), ...at(request) },
        told: (response) => ({ kind: "range", entries: entries(response.kvs), more: response.more ?? false }),
      };
  }
}

function deletion(body: object): Operation {
  return {
    path: "kv/deleterange",
    body,
    told: (response) => ({
      kind: "delete",
      revision: revision(response),
      deleted: number(response.deleted),
      previous: entries(response.prev_kvs),
    }),
  };
}

const FILTER_FIELDS = {
  minModRevision: "min_mod_revision",
  maxModRevision: "max_mod_revision",
  minCreateRevision: "min_create_revision",
  maxCreateRevision: "max_create_revision",
} as const;

function range({ from, to, limit, keysOnly, sortBy, descending, filter }: RangeRequest): object {
  const bound = FILTERS.flatMap((name) =>
    filter[name] === undefined ? [] : [[FILTER_FIELDS[name], `${filter[name]}`]],
  );
  const target = { key: "KEY", version: "VERSION", createRevision: "CREATE", modRevision: "MOD", value: "VALUE" }[
    sortBy
  ];
  return {
    ...bounds(from, to),
    limit: `${limit}`,
    keys_only: keysOnly,
    sort_order: descending ? "DESCEND" : "ASCEND",
    sort_target: target,
    ...Object.fromEntries(bound),
  };
}

/** The end of all keys is a zero byte here. */
function bounds(from: string, to: string): object {
  return { key: base64(from), range_end: base64(to === "" ? "\0" : to) };
}

function at(request: object): object {
  return "at" in request ? { revision: `${request.at}` } : {};
}

interface Transaction {
  readonly comparisons: readonly ComparisonRequest[];
  readonly success: readonly StepRequest[];
  readonly failure: readonly StepRequest[];
}

function transaction({ comparisons, success, failure }: Transaction): object {
  return { compare: comparisons.map(comparison), success: success.map(stepOf), failure: failure.map(stepOf) };
}

function comparison({ key, to, relation, target, operand }: ComparisonRequest): object {
  const result = { equals: "EQUAL", notEquals: "NOT_EQUAL", lessThan: "LESS", greaterThan: "GREATER" }[relation];
  const name = { value: "VALUE", version: "VERSION", createRevision: "CREATE", modRevision: "MOD", lease: "LEASE" }[
    target
  ];
  const field = {
    value: "value",
    version: "version",
    createRevision: "create_revision",
    modRevision: "mod_revision",
    lease: "lease",
  };
  const value = typeof operand === "string" ? base64(operand) : `${operand}`;
  const end = to === undefined ? {} : { range_end: base64(to === "" ? "\0" : to) };
  return { key: base64(key), ...end, result, target: name, [field[target]]: value };
}

function stepOf(step: StepRequest): object {
  switch (step.kind) {
    case "transaction":
      return { request_txn: transaction(step.transaction) };
    case "put":
      return { request_put: operation(step).body };
    case "delete":
    case "deleteRange":
      return { request_delete_range: operation(step).body };
    case "get":
    case "range":
      return { request_range: operation(step).body };
  }
}

function transactionAnswer({ success, failure }: Transaction, response: Json): Answer {
  const succeeded = response.succeeded ?? false;
  const steps = succeeded ? success : failure;
  const results = steps.map((step, i) => stepAnswer(step, response.responses?.[i] ?? {}));
  return { kind: "transaction", revision: revision(response), succeeded, results };
}

function stepAnswer(step: StepRequest, response: NonNullable<Json["responses"]>[number]): Answer {
  switch (step.kind) {
    case "transaction":
      return transactionAnswer(step.transaction, response.response_txn ?? {});
    case "put":
      return operation(step).told(response.response_put ?? {});
    case "delete":
    case "deleteRange":
      return operation(step).told(response.response_delete_range ?? {});
    case "get":
    case "range":
      return operation(step).told(response.response_range ?? {});
  }
}

function entries(kvs: readonly JsonKeyValue[] | undefined): readonly Entry[] {
  return (kvs ?? []).map(entry);
}

function entry(kv: JsonKeyValue): Entry {
  return {
    key: text(kv.key),
    value: text(kv.value),
    createRevision: number(kv.create_revision),
    modRevision: number(kv.mod_revision),
    version: number(kv.version),
    lease: number(kv.lease),
  };
}

function revision(response: Json): number {
  return number(response.header?.revision);
}

/** What is 0 or empty is left out. */
function number(field: string | undefined): number {
  return Number(field ?? 0);
}

function text(field: string | undefined): string {
  return Buffer.from(field ?? "", "base64").toString("utf8");
}

function base64(key: string): string {
  return Buffer.from(key).toString("base64");
}
