import type { Operation, SequentialModel } from "../operation.ts";

/** A way to explain what was answered so far. */
export interface Explanation<State, Call, Answer> {
  readonly state: State;
  /** In the order in which they took effect. */
  readonly order: readonly Operation<Call, Answer>[];
}

export type Frontier<State, Call, Answer> =
  | { readonly kind: "explained" }
  | {
      readonly kind: "stuck";
      /** The first operation whose answer nothing explains. */
      readonly at: Operation<Call, Answer>;
      /** The last moment at which there was one explanation only, up to the order; undefined: there was none. */
      readonly certain: Explanation<State, Call, Answer> | undefined;
    }
  | { readonly kind: "tooMany" };

/** An order, from its end. */
interface Chain<Call, Answer> {
  readonly last: Operation<Call, Answer>;
  readonly before: Chain<Call, Answer> | undefined;
}

interface Configuration<State, Call, Answer> {
  readonly state: State;
  readonly order: Chain<Call, Answer> | undefined;
  /** Taken, though their answers are still to come, or never come. */
  readonly ahead: ReadonlySet<Operation<Call, Answer>>;
}

/**
 * Walks through a history once and keeps every way to explain it so far ("just-in-time linearization": Lowe 2017, section
 * 5). It takes more memory than the search, and tells what that cannot: which answer is the first that nothing explains,
 * and up to where there is no doubt about what has happened. Gives up beyond `limit` explanations at a time.
 */
export function followFrontier<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
  limit: number,
): Frontier<State, Call, Answer> {
  const pending = new Set<Operation<Call, Answer>>();
  let frontier: readonly Configuration<State, Call, Answer>[] = [
    { state: model.initial, order: undefined, ahead: new Set() },
  ];
  let certain: Configuration<State, Call, Answer> | undefined;
  for (const { operation, isAnswer } of eventsByTime(operations)) {
    if (!isAnswer) {
      const saysNothing = operation.answeredAt === undefined && model.readsOnly?.(operation.call) === true;
      if (!saysNothing) pending.add(operation);
      continue;
    }
    const next = answering(model, frontier, operation, pending, limit);
    if (next === undefined) return { kind: "tooMany" };
    if (next.length === 0) return { kind: "stuck", at: operation, certain: certain && explanation(certain) };
    pending.delete(operation);
    frontier = next;
    if (next.length === 1) certain = next[0];
  }
  return { kind: "explained" };
}

/** Every explanation in which `operation` has taken effect. */
function answering<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  frontier: readonly Configuration<State, Call, Answer>[],
  operation: Operation<Call, Answer>,
  pending: ReadonlySet<Operation<Call, Answer>>,
  limit: number,
): readonly Configuration<State, Call, Answer>[] | undefined {
  const numbers = new Map([...pending].map((each, number) => [each, number]));
  const seen = new Set<string>();
  const done: Configuration<State, Call, Answer>[] = [];
  const open = [...frontier];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const ahead = [...each.ahead].map((one) => numbers.get(one) ?? -1).sort((a, b) => a - b);
    const name = `${ahead.join(" ")}|${model.describe(each.state)}`;
    if (seen.has(name)) continue;
    seen.add(name);
    if (seen.size > limit) return undefined;
    if (each.ahead.has(operation)) {
      done.push({ ...each, ahead: new Set([...each.ahead].filter((one) => one !== operation)) });
      continue;
    }
    for (const one of pending) {
      if (each.ahead.has(one)) continue;
      const state = model.step(each.state, one.call, one.answer);
      if (state === undefined) continue;
      open.push({ state, order: { last: one, before: each.order }, ahead: new Set([...each.ahead, one]) });
    }
  }
  return withoutNeedless(model, done);
}

/** Who has spent fewer operations without an answer on the same can do all that the others can. */
function withoutNeedless<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  configurations: readonly Configuration<State, Call, Answer>[],
): readonly Configuration<State, Call, Answer>[] {
  const kept = new Map<string, Configuration<State, Call, Answer>[]>();
  for (const each of [...configurations].sort((a, b) => a.ahead.size - b.ahead.size)) {
    const name = model.describe(each.state);
    const same = kept.get(name) ?? [];
    const isNeedless = same.some(
      ({ ahead }) =>
        [...ahead].every((one) => each.ahead.has(one)) &&
        [...each.ahead].every((one) => ahead.has(one) || one.answeredAt === undefined),
    );
    if (!isNeedless) kept.set(name, [...same, each]);
  }
  return [...kept.values()].flat();
}

function explanation<State, Call, Answer>({
  state,
  order,
}: Configuration<State, Call, Answer>): Explanation<State, Call, Answer> {
  const operations: Operation<Call, Answer>[] = [];
  for (let chain = order; chain !== undefined; chain = chain.before) operations.push(chain.last);
  return { state, order: operations.reverse() };
}

function eventsByTime<Call, Answer>(operations: readonly Operation<Call, Answer>[]) {
  const events = operations.flatMap((operation) => {
    const call = { operation, isAnswer: false, time: operation.calledAt };
    const { answeredAt } = operation;
    return answeredAt === undefined ? [call] : [call, { operation, isAnswer: true, time: answeredAt }];
  });
  return events.sort((a, b) => a.time - b.time || Number(a.isAnswer) - Number(b.isAnswer));
}
