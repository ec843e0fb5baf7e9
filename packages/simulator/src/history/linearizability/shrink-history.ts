import type { Operation, SequentialModel } from "../operation.ts";
import { type Explanation, followFrontier } from "./frontier.ts";
import { checkLinearizability, type SearchBudget } from "./linearizability.ts";

/** The part of a history that shows why it is not linearizable. */
export interface OffendingPart<State, Call, Answer> {
  /** What is certain before: the state from which no order explains the rest. */
  readonly before: Explanation<State, Call, Answer>;
  /**
   * By call. That no order explains these shows that none explains the whole. What was answered after `stuck` stands here
   * without the time of its answer.
   */
  readonly operations: readonly Operation<Call, Answer>[];
  /** The first whose answer cannot be explained. */
  readonly stuck: Operation<Call, Answer>;
  /** An order that explains every answer before that one: nothing is wrong without it. */
  readonly explained: readonly Operation<Call, Answer>[];
  /** Operations of the history that are neither in `operations` nor in `before`. */
  readonly leftOut: number;
}

const maxExplanations = 20_000;
/** Steps for each question on the way: what takes more is left as it is. */
const maxStates = 1_000_000;
/** Operations of unknown outcome that are kept, though no order needs them. */
const maxInDoubt = 8;

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
  const bad = frontier.kind === "stuck" ? frontier.at : firstBad(model, history, budget);
  if (bad?.answeredAt === undefined) return undefined;
  const prefix = until(history, bad.answeredAt);
  const starts: Explanation<State, Call, Answer>[] = [{ state: model.initial, order: [] }];
  if (frontier.kind === "stuck" && frontier.certain !== undefined) starts.unshift(frontier.certain);
  for (const before of starts) {
    const from = { ...model, initial: before.state };
    const gone = new Set(before.order);
    const check = (some: readonly Operation<Call, Answer>[]) => checkLinearizability(from, some, budget);
    const rest = prefix.filter(({ whole }) => !gone.has(whole)).map(({ cut }) => cut);
    if (check(rest).kind !== "notLinearizable") continue;
    const needed = withoutReads(model, rest, bad, (some) => check(some).kind === "notLinearizable");
    const verdict = check(needed.filter((operation) => operation !== bad));
    const explained = verdict.kind === "linearizable" ? verdict.order : [];
    // What has no answer, and is neither in the order nor of the last few, has nothing to tell.
    const inDoubt = needed.filter(({ answeredAt, answer }) => answeredAt === undefined && answer === undefined);
    const telling = new Set([...explained, ...inDoubt.slice(-maxInDoubt)]);
    const operations = needed.filter((operation) => operation.answeredAt !== undefined || telling.has(operation));
    const leftOut = history.length - before.order.length - operations.length;
    return { before, operations, stuck: bad, explained, leftOut };
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
function firstBad<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  budget: SearchBudget,
): Operation<Call, Answer> | undefined {
  const answered = history.filter(({ answeredAt }) => answeredAt !== undefined);
  const ends = answered.map(({ answeredAt }) => answeredAt ?? 0).sort((a, b) => a - b);
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
  return end !== undefined && isBad(end) ? answered.find(({ answeredAt }) => answeredAt === end) : undefined;
}

/** A read that is left out constrains nothing any more: whatever still has no order had none before. */
function withoutReads<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
  bad: Operation<Call, Answer>,
  fails: (operations: readonly Operation<Call, Answer>[]) => boolean,
): readonly Operation<Call, Answer>[] {
  let kept = operations;
  for (const operation of operations) {
    if (operation === bad || model.readsOnly?.(operation.call) !== true) continue;
    const without = kept.filter((each) => each !== operation);
    if (fails(without)) kept = without;
  }
  return kept;
}
