import type { Operation, SequentialModel } from "../operation.ts";

/** Stands for no operation. */
export const none = -1;

/** The operations of a history as the search sees them: numbers, in the order of their calls. */
export interface Events<Call, Answer> {
  /** Those with an answer. */
  readonly answered: readonly Operation<Call, Answer>[];
  /** Those without, but for reads, which say nothing then. */
  readonly unanswered: readonly Operation<Call, Answer>[];
  /** Calls of `answered` (their number) and answers (their number plus the count) by time. */
  readonly byTime: Int32Array;
  /** For each of `answered`: the place of its answer among all calls and answers. */
  readonly answerPlace: Float64Array;
  /** For each of `unanswered`: the place of its call. */
  readonly callPlace: Float64Array;
  /**
   * For each of `unanswered`: the one before it that is like it, or `none`. Which of two alike takes effect makes no
   * difference, so the one called first is taken first.
   */
  readonly equalBefore: Int32Array;
}

export function eventsOf<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
): Events<Call, Answer> {
  const byCall = [...operations].sort((a, b) => a.calledAt - b.calledAt);
  const answered = byCall.filter((operation) => operation.answeredAt !== undefined);
  const unanswered = byCall.filter(
    ({ answeredAt, call }) => answeredAt === undefined && model.readsOnly?.(call) !== true,
  );
  const count = answered.length;
  const timeOf = (event: number) =>
    (event < count ? answered[event]?.calledAt : answered[event - count]?.answeredAt) ?? Number.NaN;
  // A call at the time of an answer overlaps it: calls come first.
  const byTime = Int32Array.from({ length: 2 * count }, (_, event) => event).sort(
    (a, b) => timeOf(a) - timeOf(b) || Number(a >= count) - Number(b >= count) || a - b,
  );
  const answerPlace = new Float64Array(count);
  byTime.forEach((event, place) => {
    if (event >= count) answerPlace[event - count] = place;
  });
  const callPlace = Float64Array.from(unanswered, ({ calledAt }) => placeOf(calledAt, byTime, timeOf, count));
  return { answered, unanswered, byTime, answerPlace, callPlace, equalBefore: equalBefore(model, unanswered) };
}

/** The place before which a call at that time comes. */
function placeOf(time: number, byTime: Int32Array, timeOf: (event: number) => number, count: number): number {
  let low = 0;
  let high = byTime.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = byTime[middle] ?? 0;
    const isBefore = timeOf(event) < time || (timeOf(event) === time && event < count);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low - 0.5;
}

function equalBefore<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  unanswered: readonly Operation<Call, Answer>[],
): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(unanswered, ({ call, answer }, number) => {
    // One that is known to be answered later is like none that nobody was told of.
    const text =
      answer === undefined && model.likeness !== undefined ? model.likeness(call) : JSON.stringify([call, answer]);
    const before = last.get(text) ?? none;
    last.set(text, number);
    return before;
  });
}
