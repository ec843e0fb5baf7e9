import type { Operation, SequentialModel } from "./operation.ts";

export type Verdict<Call, Answer> =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      /** The longest order that explains a beginning of the history. */
      readonly explained: readonly Operation<Call, Answer>[];
      /** Operations with an answer that no order explains after that. */
      readonly unexplained: readonly Operation<Call, Answer>[];
    };

interface Node {
  /** Index into the operations. */
  readonly operation: number;
  /** The node of the answer, on a call; undefined on an answer. */
  readonly answer: Node | undefined;
  previous: Node | undefined;
  next: Node | undefined;
}

/**
 * Decides whether a history of one object is linearizable (Herlihy and Wing 1990): the search of Wing and Gong with
 * Lowe's memoization ("Testing for linearizability", 2017). It walks the calls and answers in the order of their
 * times, takes a call whose result fits as the next to take effect, and goes back where an answer is reached that
 * nothing explains. A pair of (operations taken, state) is never tried twice.
 */
export function checkLinearizability<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
): Verdict<Call, Answer> {
  const head = linkEvents(operations);
  const answered = operations.filter((operation) => operation.answeredAt !== undefined).length;
  const taken = new TakenSet(operations.length);
  const seen = new Set<string>();
  const path: { readonly call: Node; readonly before: State }[] = [];
  let longest: readonly number[] = [];
  let explainedAnswers = 0;
  let state = model.initial;
  let node = head.next;

  while (explainedAnswers < answered) {
    if (node?.answer !== undefined) {
      const operation = at(operations, node.operation);
      const after = model.step(state, operation.call, operation.answer);
      if (after !== undefined) {
        taken.add(node.operation);
        const key = `${taken.key()}|${model.describe(after)}`;
        if (!seen.has(key)) {
          seen.add(key);
          path.push({ call: node, before: state });
          state = after;
          lift(node);
          if (operation.answeredAt !== undefined) explainedAnswers++;
          node = head.next;
          continue;
        }
        taken.remove(node.operation);
      }
      node = node.next;
      continue;
    }
    if (path.length > longest.length) longest = path.map((step) => step.call.operation);
    const last = path.pop();
    if (last === undefined) return explainFailure(operations, longest);
    state = last.before;
    taken.remove(last.call.operation);
    if (at(operations, last.call.operation).answeredAt !== undefined) explainedAnswers--;
    unlift(last.call);
    node = last.call.next;
  }
  return { linearizable: true };
}

function explainFailure<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  longest: readonly number[],
): Verdict<Call, Answer> {
  const explained = new Set(longest);
  return {
    linearizable: false,
    explained: longest.map((index) => at(operations, index)),
    unexplained: operations.filter((operation, index) => operation.answeredAt !== undefined && !explained.has(index)),
  };
}

/** A doubly linked list of calls and answers by time; an operation without an answer has its answer at the end. */
function linkEvents<Call, Answer>(operations: readonly Operation<Call, Answer>[]): Node {
  const events: { readonly time: number; readonly node: Node }[] = [];
  operations.forEach((operation, index) => {
    const answer: Node = { operation: index, answer: undefined, previous: undefined, next: undefined };
    const call: Node = { operation: index, answer, previous: undefined, next: undefined };
    events.push({ time: operation.calledAt, node: call });
    events.push({ time: operation.answeredAt ?? Number.POSITIVE_INFINITY, node: answer });
  });
  events.sort((a, b) => (a.time === b.time ? 0 : a.time - b.time));
  const head: Node = { operation: -1, answer: undefined, previous: undefined, next: undefined };
  let last = head;
  for (const { node } of events) {
    last.next = node;
    node.previous = last;
    last = node;
  }
  return head;
}

function lift(call: Node): void {
  unlink(call);
  if (call.answer !== undefined) unlink(call.answer);
}

/** Puts back in the opposite order of `lift`, so that the neighbours that each node remembers are right again. */
function unlift(call: Node): void {
  if (call.answer !== undefined) relink(call.answer);
  relink(call);
}

function unlink(node: Node): void {
  if (node.previous !== undefined) node.previous.next = node.next;
  if (node.next !== undefined) node.next.previous = node.previous;
}

function relink(node: Node): void {
  if (node.previous !== undefined) node.previous.next = node;
  if (node.next !== undefined) node.next.previous = node;
}

/** The operations taken so far. Its key names the first that is missing and those taken beyond it. */
class TakenSet {
  readonly #taken: Uint8Array;
  #firstMissing = 0;

  constructor(size: number) {
    this.#taken = new Uint8Array(size);
  }

  add(index: number): void {
    this.#taken[index] = 1;
    while (this.#taken[this.#firstMissing] === 1) this.#firstMissing++;
    this.#beyond.add(index);
  }

  remove(index: number): void {
    this.#taken[index] = 0;
    this.#beyond.delete(index);
    if (index < this.#firstMissing) this.#reopen(index);
  }

  key(): string {
    for (const index of this.#beyond) if (index < this.#firstMissing) this.#beyond.delete(index);
    return `${this.#firstMissing}:${[...this.#beyond].sort((a, b) => a - b).join(",")}`;
  }

  /** What was below the first missing one and stays taken counts as beyond it again. */
  #reopen(index: number): void {
    for (let taken = index + 1; taken < this.#firstMissing; taken++) this.#beyond.add(taken);
    this.#firstMissing = index;
  }

  readonly #beyond = new Set<number>();
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index} in a list of ${list.length}`);
  return item;
}
