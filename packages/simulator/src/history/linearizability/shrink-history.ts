import type { Operation, SequentialModel } from "../operation.ts";
import { type Explanation, followFrontier } from "./frontier.ts";
import { checkLinearizability, type NotLinearizable, type SearchBudget } from "./linearizability.ts";

/** The part of a history that shows why it is not linearizable. */
export interface OffendingPart<State, Call, Answer> {
  /** What is certain before: the state from which no order explains the rest. */
  readonly before: Explanation<State, Call, Answer>;
  /**
   * By call. That no order explains these shows that none explains the whole. What was answered after the first answer
   * that cannot be explained stands here without the time of its answer.
   */
  readonly operations: readonly Operation<Call, Answer>[];
  readonly verdict: NotLinearizable<Call, Answer>;
  /** Operations of the history that are neither in `operations` nor in `before`. */
  readonly leftOut: number;
}

const maxExplanations = 20_000;
/** Steps for each question on the way: what takes more is left as it is. */
const maxStates = 1_000_000;

/**
 * Looks for the least of a history that is still not linearizable, by steps that never make a linearizable history look
 * otherwise: it ends with the first answer that nothing explains, begins where there is no doubt yet about what has
 * happened, and does without reads, and without operations that nobody was told the outcome of, while no order explains
 * the rest. Undefined where the history is linearizable, or the budget is spent.
 */
export function shrinkHistory<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  { states = maxStates, ...memory }: SearchBudget = {},
): OffendingPart<State, Call, Answer> | undefined {
  const budget = { ...memory, states: Math.min(states, maxStates) };
  const frontier = followFrontier(model, history, maxExplanations);
  if (frontier.kind === "explained") return undefined;
  const end = frontier.kind === "stuck" ? frontier.at.answeredAt : firstBadAnswer(model, history, budget);
  if (end === undefined) return undefined;
  const prefix = until(history, end);
  const starts: Explanation<State, Call, Answer>[] = [{ state: model.initial, order: [] }];
  if (frontier.kind === "stuck" && frontier.certain !== undefined) starts.unshift(frontier.certain);
  for (const before of starts) {
    // What is wrong has to come to light where it is, not where a model that knows all of it could tell.
    const from = { ...model, informedBy: () => model, initial: before.state };
    const gone = new Set(before.order);
    const fails = (operations: readonly Operation<Call, Answer>[]): NotLinearizable<Call, Answer> | undefined => {
      const verdict = checkLinearizability(from, operations, budget);
      return verdict.kind === "notLinearizable" ? verdict : undefined;
    };
    const rest = prefix.filter(({ whole }) => !gone.has(whole)).map(({ cut }) => cut);
    if (fails(rest) === undefined) continue;
    const operations = withoutIdle(
      withoutReads(model, rest, (some) => fails(some) !== undefined),
      fails,
    );
    const verdict = fails(operations);
    if (verdict === undefined) continue;
    return { before, operations, verdict, leftOut: history.length - before.order.length - operations.length };
  }
  return undefined;
}

/** What was called until then. What was answered later takes effect with that answer, or not until then. */
function until<Call, Answer>(history: readonly Operation<Call, Answer>[], end: number) {
  return history
    .filter(({ calledAt }) => calledAt <= end)
    .sort((a, b) => a.calledAt - b.calledAt)
    .map((whole) => {
      const isLater = whole.answeredAt !== undefined && whole.answeredAt > end;
      return { whole, cut: isLater ? { ...whole, answeredAt: undefined } : whole };
    });
}

/** By halving: what begins like a history that is not linearizable is not linearizable from some answer on. */
function firstBadAnswer<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  budget: SearchBudget,
): number | undefined {
  const ends = history.flatMap(({ answeredAt }) => (answeredAt === undefined ? [] : [answeredAt]));
  ends.sort((a, b) => a - b);
  const isBad = (end: number) => {
    const operations = until(history, end).map(({ cut }) => cut);
    return checkLinearizability(model, operations, budget).kind === "notLinearizable";
  };
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBad(ends[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  const end = ends[low];
  return end !== undefined && isBad(end) ? end : undefined;
}

/** A read that is left out constrains nothing any more: whatever still has no order had none before. */
function withoutReads<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
  fails: (operations: readonly Operation<Call, Answer>[]) => boolean,
): readonly Operation<Call, Answer>[] {
  let kept = operations;
  for (const operation of operations) {
    if (model.readsOnly?.(operation.call) !== true) continue;
    const without = kept.filter((each) => each !== operation);
    if (fails(without)) kept = without;
  }
  return kept;
}

/** Without what has no answer and takes no part in the order that explains most. */
function withoutIdle<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  fails: (operations: readonly Operation<Call, Answer>[]) => NotLinearizable<Call, Answer> | undefined,
): readonly Operation<Call, Answer>[] {
  const explained = new Set(fails(operations)?.explained);
  return operations.filter((operation) => operation.answeredAt !== undefined || explained.has(operation));
}
