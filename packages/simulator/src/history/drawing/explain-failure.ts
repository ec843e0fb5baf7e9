import type { OffendingPart } from "../linearizability/shrink-history.ts";
import type { Operation, SequentialModel } from "../operation.ts";
import { describeOperation } from "./describe-operation.ts";
import type { DrawnOperation } from "./layout.ts";

/** A history that is not linearizable, for people: what no order explains, as text and drawn. */
export interface FailureExplained {
  readonly title: string;
  /** Lines of text. */
  readonly lines: readonly string[];
  readonly drawn: readonly DrawnOperation[];
}

/** So many of what happened before are shown, and of the part itself: enough to follow, few enough to look at. */
const maxBefore = 6;
const maxDrawn = 60;

export function explainFailure<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  key: string | undefined,
  part: OffendingPart<State, Call, Answer>,
): FailureExplained {
  const { before, operations, stuck, explained, leftOut } = part;
  const show = (state: State) => model.show?.(state) ?? model.describe(state);
  const shownBefore = before.order.slice(-maxBefore);
  const states = [before.state];
  for (const { call, answer } of explained) {
    const state = states.at(-1);
    const after = state === undefined ? undefined : model.step(state, call, answer);
    if (after !== undefined) states.push(after);
  }
  const last = states.at(-1);
  const place = new Map([...shownBefore, ...explained].map((operation, number) => [operation, number + 1]));
  const nearest = closest(operations, stuck);
  const drawn = [...shownBefore, ...nearest].map(
    (operation): DrawnOperation => ({
      operation,
      place: place.get(operation),
      part: partOf(operation, new Set(shownBefore), stuck, place),
    }),
  );
  const what = key === undefined ? "the history" : `key ${key}`;
  return {
    title: `${what} is not linearizable`,
    lines: [
      ...(before.order.length === 0
        ? [`from ${show(before.state)}`]
        : [`certain, after ${before.order.length} operations: ${show(before.state)}; the last of them:`]),
      ...shownBefore.map((operation) => `    ${place.get(operation)}. ${told(operation)}`),
      ...(explained.length === 0 ? [] : ["an order that explains everything else:"]),
      ...explained.slice(-maxDrawn).map((operation) => `    ${place.get(operation)}. ${told(operation)}`),
      ...(explained.length === 0 || last === undefined ? [] : [`    which leads to ${show(last)}`]),
      "what cannot follow, in this order or in any other:",
      `  ✗ ${told(stuck)}`,
      `other operations of the history, which make no difference: ${leftOut}`,
    ],
    drawn,
  };
}

function partOf<Call, Answer>(
  operation: Operation<Call, Answer>,
  before: ReadonlySet<Operation<Call, Answer>>,
  stuck: Operation<Call, Answer>,
  place: ReadonlyMap<Operation<Call, Answer>, number>,
): DrawnOperation["part"] {
  if (operation === stuck) return "stuck";
  if (before.has(operation)) return "before";
  if (operation.answeredAt === undefined) return "unanswered";
  return place.has(operation) ? "explained" : "unexplained";
}

/** Those that were under way last before the answer that nothing explains. */
function closest<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  stuck: Operation<Call, Answer>,
): readonly Operation<Call, Answer>[] {
  const others = operations.filter((operation) => operation !== stuck);
  const answeredAt = ({ answeredAt }: Operation<Call, Answer>) => answeredAt ?? Number.POSITIVE_INFINITY;
  others.sort((a, b) => answeredAt(b) - answeredAt(a) || b.calledAt - a.calledAt);
  return [...others.slice(0, maxDrawn), stuck];
}

function told(operation: Operation<unknown, unknown>): string {
  const { client, calledAt, answeredAt } = operation;
  const who = client === undefined ? "" : `client ${client}: `;
  return `${who}${describeOperation(operation)} (from ${calledAt} to ${answeredAt ?? "no end"})`;
}
