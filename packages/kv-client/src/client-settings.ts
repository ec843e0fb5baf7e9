import { checkTimeout } from "./call.ts";
import { type Address, parseEndpoint } from "./endpoint.ts";
import { invalidArgument } from "./error.ts";
import type { ClientPorts } from "./ports.ts";
import { portsOf } from "./real-ports.ts";

/** Its ports are for tests: it has the real ones of the process unless told. */
export interface RaftKvOptions extends Partial<ClientPorts> {
  /** At least one node, as `host:port` or `http://host:port`; the client learns of the others by itself. */
  readonly endpoints: readonly string[];
  /** The deadline of a call with all its retries, unless the call has its own. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * How long the cluster remembers this client's unanswered writes while it hears nothing from it: between 1,000 (1 s) and
   * 86,400,000 (24 h), default 300,000 (5 min). A write that is retried for longer ends as OUTCOME_UNKNOWN.
   */
  readonly sessionTtlMs?: number;
  /**
   * Who answers reads. `leader` (the default): whoever takes the writes, over the same connection. `any`: any member, on a
   * connection of its own that stays where it is when the leader changes; with many clients the reads spread over the
   * nodes. `host:port`: this node first, say the nearest, and another one when it does not answer.
   */
  readonly readFrom?: "leader" | "any" | (string & {});
  /** How many batches of writes, and as many of reads, may be under way at a time. Default 4. */
  readonly maxInflightBatches?: number;
  /** Calls in a batch. Default 512. */
  readonly maxBatchOperations?: number;
  /** Bytes of keys and values in a batch of writes; a larger single write goes alone. Default 524,288. */
  readonly maxBatchBytes?: number;
  /** Bytes of writes that may wait to be sent; beyond that a write is refused with OVERLOADED. Default 67,108,864. */
  readonly maxQueuedBytes?: number;
  /** Reads that may wait to be sent; beyond that a read is refused with OVERLOADED. Default 100,000. */
  readonly maxQueuedReads?: number;
}

/** The options, checked and complete. */
export interface ClientSettings extends Required<Omit<RaftKvOptions, "endpoints" | "readFrom">> {
  readonly addresses: readonly Address[];
  readonly readFrom: "leader" | "any" | { readonly address: Address };
}

/** Throws INVALID_ARGUMENT with the option, what was found and what was expected. */
export function readOptions(options: RaftKvOptions): ClientSettings {
  if (!Array.isArray(options?.endpoints) || options.endpoints.length === 0) {
    throw invalidArgument('endpoints: expected at least one, such as ["127.0.0.1:50051"]');
  }
  return {
    addresses: options.endpoints.map(parseEndpoint),
    readFrom: readFromOf(options.readFrom ?? "leader"),
    timeoutMs: checkTimeout(options.timeoutMs ?? 5_000),
    sessionTtlMs: integer("sessionTtlMs", options.sessionTtlMs ?? 300_000, 1_000, 86_400_000),
    maxInflightBatches: integer("maxInflightBatches", options.maxInflightBatches ?? 4, 1, 1_024),
    maxBatchOperations: integer("maxBatchOperations", options.maxBatchOperations ?? 512, 1, 65_536),
    maxBatchBytes: integer("maxBatchBytes", options.maxBatchBytes ?? 512 * 1024, 1, 2 ** 30),
    maxQueuedBytes: integer("maxQueuedBytes", options.maxQueuedBytes ?? 64 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    maxQueuedReads: integer("maxQueuedReads", options.maxQueuedReads ?? 100_000, 1, Number.MAX_SAFE_INTEGER),
    ...portsOf(options),
  };
}

function readFromOf(option: string): ClientSettings["readFrom"] {
  return option === "leader" || option === "any" ? option : { address: parseEndpoint(option) };
}

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalidArgument(`${name} is ${value}: expected a whole number from ${least} to ${most}`);
}
