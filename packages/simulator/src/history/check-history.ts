import { checkLinearizability, type SearchBudget, type Verdict } from "./linearizability/linearizability.ts";
import type { Operation, SequentialModel } from "./operation.ts";

/** One history that was judged by itself. */
export interface Judged<Call, Answer> {
  /** Undefined for the history as a whole. */
  readonly key: string | undefined;
  readonly operations: readonly Operation<Call, Answer>[];
  readonly verdict: Verdict<Call, Answer>;
}

export interface HistoryVerdict<Call, Answer> {
  /** `notLinearizable` if any part is not; otherwise `unknown` if the budget was spent on any. */
  readonly kind: Verdict<Call, Answer>["kind"];
  readonly parts: readonly Judged<Call, Answer>[];
  /** Steps tried in all. */
  readonly states: number;
}

/** Judges a history, key by key where the model allows it. Each part has the whole budget. */
export function checkHistory<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
  budget: SearchBudget = {},
): HistoryVerdict<Call, Answer> {
  const parts: Judged<Call, Answer>[] = [];
  for (const [key, part] of partsOf(model, operations)) {
    parts.push({ key, operations: part, verdict: checkLinearizability(model, part, budget) });
  }
  const kinds = new Set(parts.map(({ verdict }) => verdict.kind));
  const kind = kinds.has("notLinearizable") ? "notLinearizable" : kinds.has("unknown") ? "unknown" : "linearizable";
  return { kind, parts, states: parts.reduce((sum, { verdict }) => sum + verdict.states, 0) };
}

function partsOf<State, Call, Answer>(
  { partitioned }: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
): Map<string | undefined, Operation<Call, Answer>[]> {
  const parts = new Map<string | undefined, Operation<Call, Answer>[]>();
  for (const operation of operations) {
    const key = partitioned === true ? operation.key : undefined;
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return parts;
}
