import type { ReadBatch, ReadOperation, ReadResult, ReadResults } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { Read, ReadAnswer, ReadAnswers } from "../state/read.ts";
import { keyWrite } from "./answer-messages.ts";
import { checkKey } from "./command-check.ts";
import { errorDetail } from "./error-mapping.ts";
import { keyValue } from "./key-value-message.ts";
import type { Failure } from "./kv-failure.ts";
import { leaseMessage, leasesMessage } from "./lease-messages.ts";
import { READ_TOO_LARGE } from "./read-path.ts";
import { invalid } from "./text-form.ts";
import { type Answered, getRead, historyRead, leaseRead, leasesRead, rangeRead, whyUnanswered } from "./wire-reads.ts";

/** The reads of a batch; where one makes no sense, what is wrong with it stands in its place. */
export interface ParsedReads {
  readonly kind: "reads";
  readonly slots: readonly ("read" | Failure)[];
  /** Those that make sense, in order. */
  readonly reads: readonly Read[];
}

export type ParsedReadBatch = ParsedReads | { readonly kind: "refused"; readonly failure: Failure };

export function parseReadBatch({ operations }: ReadBatch, limits: KvLimits): ParsedReadBatch {
  if (operations.length > limits.maxReads) {
    return refused(`the batch has ${operations.length} reads, at most ${limits.maxReads} are allowed`);
  }
  const ranges = operations.filter(({ operation }) => operation.case === "range").length;
  if (ranges > limits.maxRangesPerBatch) {
    return refused(`the batch has ${ranges} ranges, at most ${limits.maxRangesPerBatch} are allowed`);
  }
  const reads: Read[] = [];
  const slots = operations.map((operation) => {
    const parsed = parseRead(operation, limits);
    if (!("kind" in parsed)) return parsed;
    reads.push(parsed);
    return "read";
  });
  return { kind: "reads", slots, reads };
}

function refused(message: string): ParsedReadBatch {
  return { kind: "refused", failure: invalid(message) };
}

function parseRead({ operation }: ReadOperation, limits: KvLimits): Read | Failure {
  switch (operation.case) {
    case "get": {
      const { key } = operation.value;
      return checkKey(key, limits) ?? getRead(key, operation.value);
    }
    case "range":
      return rangeRead(operation.value);
    case "history": {
      const { key } = operation.value;
      return checkKey(key, limits) ?? historyRead(key, operation.value);
    }
    case "lease":
      return leaseRead(operation.value);
    case "leases":
      return leasesRead(operation.value);
    default:
      return invalid("the read is unknown to this version of raftkv");
  }
}

export function readResults({ slots }: ParsedReads, { revision, answers }: ReadAnswers): ReadResults {
  let next = 0;
  const results = slots.map((slot) => (slot === "read" ? answerResult(answers[next++]) : errorResult(slot)));
  return { $typeName: "raftkv.kv.v1.ReadResults", revision: BigInt(revision), results };
}

function answerResult(answer: ReadAnswer | undefined): ReadResult {
  if (answer === undefined) return errorResult(READ_TOO_LARGE);
  switch (answer.kind) {
    case "get":
    case "range":
    case "history":
    case "lease":
    case "leases":
      return { $typeName: "raftkv.kv.v1.ReadResult", result: resultOf(answer) };
    default:
      return errorResult(whyUnanswered(answer));
  }
}

function resultOf(answer: Answered): ReadResult["result"] {
  switch (answer.kind) {
    case "get": {
      const entry = answer.entry === undefined ? {} : { entry: keyValue(answer.entry, false) };
      return { case: "get", value: { $typeName: "raftkv.kv.v1.GetResult", ...entry } };
    }
    case "range": {
      const entries = answer.entries.map((entry) => keyValue(entry, false));
      const { next = NOTHING, revision, count } = answer;
      const value = {
        $typeName: "raftkv.kv.v1.RangeResult",
        entries,
        next,
        revision: BigInt(revision),
        count: BigInt(count),
        asAsked: true,
      } as const;
      return { case: "range", value };
    }
    case "lease":
      return { case: "lease", value: leaseMessage(answer) };
    case "leases":
      return { case: "leases", value: leasesMessage(answer) };
    case "history": {
      const writes = answer.writes.map((write) => keyWrite(write, false));
      const next = BigInt(answer.next ?? 0);
      return { case: "history", value: { $typeName: "raftkv.kv.v1.HistoryResult", writes, next } };
    }
  }
}

function errorResult(failure: Failure): ReadResult {
  return { $typeName: "raftkv.kv.v1.ReadResult", result: { case: "error", value: errorDetail(failure) } };
}

/** What a read takes in memory besides its keys, roughly. */
const READ_BYTES = 64;

/** Bytes that a batch takes while it waits. */
export function batchBytes({ operations }: ReadBatch): number {
  return operations.reduce((bytes, { operation }) => bytes + READ_BYTES + keyBytes(operation), 0);
}

function keyBytes(operation: ReadOperation["operation"]): number {
  switch (operation.case) {
    case "get":
      return operation.value.key.length;
    case "history":
      return operation.value.key.length;
    case "range":
      return operation.value.from.length + operation.value.to.length;
    default:
      return 0;
  }
}

const NOTHING = new Uint8Array(0);
