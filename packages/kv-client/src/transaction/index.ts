import { countKeys, del, deleteRange, get, put, range } from "./step.ts";
import { transactionStep } from "./transaction.ts";

/** What a transaction can do: `step.put("a", "1")`, `step.get("b")`. Each throws INVALID_ARGUMENT as the call of its name does. */
export const step = {
  put,
  delete: del,
  deleteRange,
  get,
  range,
  count: countKeys,
  transaction: transactionStep,
} as const;

export { type Comparable, type ComparableKey, type Comparison, key, keys } from "./comparison.ts";
export type { PutStepOptions, RangeStepOptions, RangeStepResult, Step, StepOptions } from "./step.ts";
export type { StepResults, TransactionResult, TransactionSpec } from "./transaction.ts";
