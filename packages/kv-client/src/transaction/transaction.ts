import { toBinary } from "@bufbuild/protobuf";
import {
  type StepResult,
  TransactionOperationSchema,
  type TransactionResult as WireResult,
  type TransactionOperation as WireTransaction,
} from "@raftkv/proto/kv";
import { invalidArgument } from "../error.ts";
import { safeInteger } from "../safe-integer.ts";
import { type FenceOptions, fenceOf } from "../write-options.ts";
import type { WriteRequest } from "../write-request.ts";
import { Comparison } from "./comparison.ts";
import { Step } from "./step.ts";

type Steps = readonly Step<unknown>[];

/** If all comparisons hold `do`, else `else`: all of it at one revision, or, where it is refused, nothing. */
export interface TransactionSpec<Do extends Steps, Else extends Steps> {
  /** Without any, `do` is done. */
  readonly if?: readonly Comparison[];
  readonly do?: Do;
  readonly else?: Else;
}

/** The results of steps, in their order, each of its own type. */
export type StepResults<List extends Steps> = {
  readonly [Position in keyof List]: List[Position] extends Step<infer Result> ? Result : never;
};

export type TransactionResult<Do extends Steps, Else extends Steps> =
  | {
      /** The comparisons held, and `do` was done. */
      readonly succeeded: true;
      /** The store's revision after it; it moves only if something was written. */
      readonly revision: number;
      readonly results: StepResults<Do>;
    }
  | { readonly succeeded: false; readonly revision: number; readonly results: StepResults<Else> };

/** A transaction as a step of another one. Its comparisons are made before anything of the outer one is done. */
export function transactionStep<const Do extends Steps = [], const Else extends Steps = []>(
  spec: TransactionSpec<Do, Else>,
): Step<TransactionResult<Do, Else>> {
  return new Step({ case: "transaction", value: toWire(spec) }, (result) => {
    if (result.case !== "transaction") return undefined;
    const value = toResult(spec, result.value);
    return value === undefined ? undefined : { result: value };
  });
}

/** Throws INVALID_ARGUMENT. */
export function transactionRequest<Do extends Steps, Else extends Steps>(
  spec: TransactionSpec<Do, Else>,
  options: FenceOptions,
): WriteRequest<TransactionResult<Do, Else>> {
  const value = toWire(spec);
  return {
    name: "transaction",
    operation: { case: "transaction", value },
    ...fenceOf(options),
    bytes: toBinary(TransactionOperationSchema, value).length,
    toResult: (result) => (result.case === "transaction" ? toResult(spec, result.value) : undefined),
  };
}

function toWire(spec: TransactionSpec<Steps, Steps>): WireTransaction {
  return {
    $typeName: "raftkv.kv.v1.TransactionOperation",
    comparisons: list("if", spec.if, (item) => item instanceof Comparison, "key() or keys()").map(({ wire }) => wire),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
    then: wireSteps("do", spec.do),
    otherwise: wireSteps("else", spec.else),
  };
}

function wireSteps(field: string, steps: Steps | undefined) {
  return list(field, steps, (item) => item instanceof Step, "step").map(({ wire }) => {
    return { $typeName: "raftkv.kv.v1.TransactionStep", step: wire } as const;
  });
}

/** Callers without types get a message that helps. */
function list<Item>(
  field: string,
  items: readonly Item[] | undefined,
  isRight: (item: unknown) => boolean,
  madeBy: string,
): readonly Item[] {
  if (items === undefined) return [];
  if (!Array.isArray(items)) throw invalidArgument(`transaction: ${field} is no list`);
  const wrong = items.findIndex((item) => !isRight(item));
  if (wrong >= 0) throw invalidArgument(`transaction: ${field}[${wrong}] was not made by ${madeBy}`);
  return items;
}

/** Undefined: it is not the answer to this transaction. */
function toResult<Do extends Steps, Else extends Steps>(
  spec: TransactionSpec<Do, Else>,
  { succeeded, revision: wireRevision, results }: WireResult,
): TransactionResult<Do, Else> | undefined {
  const revision = safeInteger(wireRevision, "revision");
  if (succeeded) {
    const done = stepResults(spec.do, results);
    return done === undefined ? undefined : { succeeded, revision, results: done };
  }
  const done = stepResults(spec.else, results);
  return done === undefined ? undefined : { succeeded, revision, results: done };
}

function stepResults<List extends Steps>(
  steps: List | undefined,
  results: readonly StepResult[],
): StepResults<List> | undefined {
  const told: unknown[] = [];
  for (const [i, step] of (steps ?? []).entries()) {
    const one = step.toResult(results[i]?.result ?? { case: undefined });
    if (one === undefined) return undefined;
    told.push(one.result);
  }
  return results.length === told.length && areResultsOf(steps, told) ? told : undefined;
}

/** Each of them was made by the step in its place. */
function areResultsOf<List extends Steps>(
  steps: List | undefined,
  told: readonly unknown[],
): told is StepResults<List> & readonly unknown[] {
  return told.length === (steps?.length ?? 0);
}
