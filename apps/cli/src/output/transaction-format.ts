import type {
  DeleteRangeResult,
  DeleteResult,
  KeyValue,
  PutResult,
  RangeStepResult,
  Step,
  TransactionResult,
} from "@raftkv/kv-client";
import { entryFields, entryLine } from "./entry-format.ts";
import { previousFields, previousLines } from "./previous-format.ts";

type Result = TransactionResult<readonly Step<unknown>[], readonly Step<unknown>[]>;
type StepResult = PutResult | DeleteResult | DeleteRangeResult | RangeStepResult | KeyValue | number | undefined;

/** Whether the comparisons held, and the result of each step after an empty line, as etcdctl tells it. */
export function transactionText({ succeeded, results }: Result): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(succeeded ? "SUCCESS\n" : "FAILURE\n")];
  for (const result of results) parts.push(Buffer.from("\n"), stepText(result as StepResult));
  return Buffer.concat(parts);
}

/** One object. */
export function transactionJson({ succeeded, revision, results }: Result): string {
  return `${JSON.stringify({ succeeded, revision, results: results.map((result) => stepFields(result as StepResult)) })}\n`;
}

function stepText(result: StepResult): Uint8Array {
  if (result === undefined) return Buffer.from("(no such key)\n");
  if (typeof result === "number") return Buffer.from(`${result}\n`);
  if ("keyBytes" in result) return entryLine(result, { keysOnly: false });
  if ("entries" in result) return lines(result.entries);
  const head = "deleted" in result ? `deleted ${Number(result.deleted)}\n` : "OK\n";
  return Buffer.concat([Buffer.from(head), previousLines(result.previous)]);
}

function lines(entries: readonly KeyValue[]): Uint8Array {
  return Buffer.concat(entries.map((entry) => entryLine(entry, { keysOnly: false })));
}

function stepFields(result: StepResult): unknown {
  if (result === undefined) return null;
  if (typeof result === "number") return { count: result };
  if ("keyBytes" in result) return fields(result);
  if ("entries" in result) {
    return { entries: result.entries.map(fields), more: result.more, count: result.count };
  }
  const { previous, ...rest } = result;
  return { ...rest, ...previousFields(previous) };
}

function fields(entry: KeyValue) {
  return entryFields(entry, { keysOnly: false });
}
