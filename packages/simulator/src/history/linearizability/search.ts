import type { Operation, SequentialModel } from "../operation.ts";
import { type Events, eventsOf, none } from "./events.ts";
import type { NotLinearizable, SearchBudget, Verdict } from "./linearizability.ts";
import { Positions } from "./positions.ts";
import { TakenSet } from "./taken-set.ts";
import { Visited } from "./visited.ts";

/** One operation on the way to where the search is. */
interface Step<State> {
  /** A number below the count of answered operations; those without an answer come after. */
  readonly operation: number;
  readonly before: State;
  /** What the set needs to take it out again. */
  readonly highest: number;
  /** There was no choice: there is nothing else to try in its place. */
  readonly forced: boolean;
  /** So many operations without an answer were taken in a row, this one included. */
  readonly inRow: number;
}

/**
 * The search behind `checkLinearizability`. Three things make it short without changing the verdict: a read that fits and
 * changes nothing is taken at once, since whatever works with the read later works with it now; operations without an
 * answer are tried last, and few of them in a row before many; and where the answers tell an order (`position`), no other one is tried.
 */
export class LinearizabilitySearch<State, Call, Answer> {
  readonly #model: SequentialModel<State, Call, Answer>;
  readonly #events: Events<Call, Answer>;
  readonly #count: number;
  /** The calls and answers still ahead, as a list by time that can be cut and mended in place. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #readsOnly: Uint8Array;
  readonly #positions: Positions;
  readonly #taken: TakenSet;
  readonly #spent: TakenSet;
  readonly #memoryBytes: number;
  #visited: Visited;
  /** So many operations without an answer may be taken in a row, for now. */
  #maxInRow = 1;
  /** That has kept some from being taken. */
  #wasHeldBack = false;
  readonly #limit: number;
  readonly #path: Step<State>[] = [];
  #state: State;
  #left: number;
  #states = 0;
  #longest: readonly number[] = [];
  /** The place of the answer that nothing explained, where the search came furthest in time. */
  #furthest = -1;
  #explained = -1;
  #stuck = none;

  constructor(
    given: SequentialModel<State, Call, Answer>,
    operations: readonly Operation<Call, Answer>[],
    { states = 20_000_000, memoryBytes = 512 * 1024 * 1024 }: SearchBudget,
  ) {
    const model = { ...given, ...given.informedBy?.(operations), initial: given.initial };
    this.#model = model;
    this.#events = eventsOf(model, operations);
    const { answered, unanswered, byTime } = this.#events;
    const count = answered.length;
    this.#count = count;
    this.#next = new Int32Array(2 * count + 1).fill(none);
    this.#previous = new Int32Array(2 * count + 1).fill(none);
    this.#link([2 * count, ...byTime]);
    this.#readsOnly = Uint8Array.from(answered, ({ call }) => Number(model.readsOnly?.(call) === true));
    this.#positions = new Positions(answered.map((operation) => positionOf(model, operation)));
    this.#taken = new TakenSet(count);
    this.#spent = new TakenSet(unanswered.length);
    this.#memoryBytes = memoryBytes;
    this.#visited = new Visited(memoryBytes);
    this.#limit = states;
    this.#state = model.initial;
    this.#left = count;
  }

  run(): Verdict<Call, Answer> {
    for (;;) {
      const verdict = this.#search();
      if (verdict.kind !== "notLinearizable" || !this.#wasHeldBack) return verdict;
      this.#wasHeldBack = false;
      this.#maxInRow *= 4;
      this.#visited = new Visited(this.#memoryBytes);
    }
  }

  /** From the beginning, and back to it unless there is an order. */
  #search(): Verdict<Call, Answer> {
    this.#takeReads();
    let from = none;
    while (this.#left > 0) {
      if (this.#states > this.#limit) {
        return { kind: "unknown", states: this.#states, memoryBytes: this.#visited.bytes };
      }
      if (this.#goOn(from)) {
        from = none;
        continue;
      }
      this.#noteDeadEnd();
      const undone = this.#goBack();
      if (undone === none) return this.#failure();
      from = undone;
    }
    const order = this.#path.map(({ operation }) => this.#operation(operation));
    return { kind: "linearizable", order, states: this.#states };
  }

  /** Takes the first operation after `from` that leads to where the search has not been. */
  #goOn(from: number): boolean {
    const count = this.#count;
    if (from < count) {
      let event = from === none ? this.#following(2 * count) : this.#following(from);
      for (; event !== none && event < count; event = this.#following(event)) if (this.#try(event)) return true;
    }
    const firstAnswer = this.#firstAnswer();
    const place = firstAnswer === none ? Number.POSITIVE_INFINITY : (this.#events.answerPlace[firstAnswer] ?? 0);
    const { callPlace, equalBefore } = this.#events;
    const mayTakeMore = (this.#path.at(-1)?.inRow ?? 0) < this.#maxInRow;
    for (let number = Math.max(0, from - count + 1); number < callPlace.length; number++) {
      if ((callPlace[number] ?? 0) > place) break;
      const before = equalBefore[number] ?? none;
      if (this.#spent.has(number) || (before !== none && !this.#spent.has(before))) continue;
      if (!mayTakeMore) {
        this.#wasHeldBack = true;
        break;
      }
      if (this.#try(count + number)) return true;
    }
    return false;
  }

  #try(operation: number): boolean {
    if (operation < this.#count && !this.#positions.mayTake(operation)) return false;
    const after = this.#after(operation);
    if (after === undefined) return false;
    const { length } = this.#path;
    this.#take(operation, after, false);
    this.#takeReads();
    if (!this.#visited.comesAgain(this.#taken, this.#spent, this.#model.describe(this.#state))) return true;
    while (this.#path.length > length) this.#undo();
    return false;
  }

  /** Every read that fits now, and changes nothing. */
  #takeReads(): void {
    const count = this.#count;
    let event = this.#following(2 * count);
    while (event !== none && event < count) {
      const isRead = this.#readsOnly[event] === 1 && this.#positions.mayTake(event);
      if (isRead && this.#after(event) === this.#state) {
        this.#take(event, this.#state, true);
        // It may have been the first to be answered, or the last at its position.
        event = this.#following(2 * count);
      } else event = this.#following(event);
    }
  }

  #after(operation: number): State | undefined {
    this.#states++;
    const { call, answer } = this.#operation(operation);
    return this.#model.step(this.#state, call, answer);
  }

  #take(operation: number, after: State, forced: boolean): void {
    const count = this.#count;
    const isAnswered = operation < count;
    const highest = isAnswered ? this.#taken.add(operation) : this.#spent.add(operation - count);
    const inRow = isAnswered ? 0 : 1 + (this.#path.at(-1)?.inRow ?? 0);
    this.#path.push({ operation, before: this.#state, highest, forced, inRow });
    this.#state = after;
    if (!isAnswered) return;
    this.#left--;
    this.#positions.take(operation);
    this.#unlink(operation);
    this.#unlink(operation + count);
  }

  #undo(): Step<State> | undefined {
    const step = this.#path.pop();
    if (step === undefined) return undefined;
    const { operation, before, highest } = step;
    const count = this.#count;
    this.#state = before;
    if (operation >= count) {
      this.#spent.remove(operation - count, highest);
      return step;
    }
    this.#taken.remove(operation, highest);
    this.#left++;
    this.#positions.putBack(operation);
    // In the opposite order, so that the neighbours that each remembers are right again.
    this.#relink(operation + count);
    this.#relink(operation);
    return step;
  }

  /** To the last choice. Answers what was chosen, or `none` where there is no choice left. */
  #goBack(): number {
    for (let step = this.#undo(); step !== undefined; step = this.#undo()) if (!step.forced) return step.operation;
    return none;
  }

  #noteDeadEnd(): void {
    const stuck = this.#firstAnswer();
    const place = this.#events.answerPlace[stuck] ?? 0;
    const explained = this.#count - this.#left;
    if (place < this.#furthest || (place === this.#furthest && explained <= this.#explained)) return;
    this.#furthest = place;
    this.#explained = explained;
    this.#longest = this.#path.map(({ operation }) => operation);
    this.#stuck = stuck;
  }

  #failure(): NotLinearizable<Call, Answer> {
    const explained = new Set(this.#longest);
    return {
      kind: "notLinearizable",
      explained: this.#longest.map((number) => this.#operation(number)),
      stuck: this.#operation(this.#stuck),
      unexplained: this.#events.answered.filter((_, number) => !explained.has(number)),
      states: this.#states,
    };
  }

  #operation(number: number): Operation<Call, Answer> {
    const { answered, unanswered } = this.#events;
    const operation = number < this.#count ? answered[number] : unanswered[number - this.#count];
    if (operation === undefined) throw new RangeError(`there is no operation ${number}`);
    return operation;
  }

  /** The operation whose answer comes next. */
  #firstAnswer(): number {
    let event = this.#following(2 * this.#count);
    while (event !== none && event < this.#count) event = this.#following(event);
    return event === none ? none : event - this.#count;
  }

  #following(event: number): number {
    return this.#next[event] ?? none;
  }

  #link(events: readonly number[]): void {
    events.forEach((event, place) => {
      this.#next[event] = events[place + 1] ?? none;
      this.#previous[event] = events[place - 1] ?? none;
    });
  }

  #unlink(event: number): void {
    const before = this.#previous[event] ?? none;
    const after = this.#next[event] ?? none;
    this.#next[before] = after;
    if (after !== none) this.#previous[after] = before;
  }

  #relink(event: number): void {
    const before = this.#previous[event] ?? none;
    const after = this.#next[event] ?? none;
    this.#next[before] = event;
    if (after !== none) this.#previous[after] = event;
  }
}

function positionOf<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  { call, answer }: Operation<Call, Answer>,
): number | undefined {
  return answer === undefined ? undefined : model.position?.(call, answer);
}
