import type { Operation, SequentialModel } from "../operation.ts";
import { LinearizabilitySearch } from "./search.ts";

/** What a search may use. Time is no budget: the same history gets the same verdict on every machine. */
export interface SearchBudget {
  /** Steps tried, after which the verdict is `unknown`; 20 million unless told. */
  readonly states?: number;
  /**
   * Bytes for what the search remembers, 512 MiB unless told. Once they are used up it goes on and remembers nothing new,
   * so that this alone never costs a verdict: the steps run out sooner.
   */
  readonly memoryBytes?: number;
}

export type Verdict<Call, Answer> = Linearizable<Call, Answer> | NotLinearizable<Call, Answer> | Undecided;

export interface Linearizable<Call, Answer> {
  readonly kind: "linearizable";
  /** An order that explains every answer. */
  readonly order: readonly Operation<Call, Answer>[];
  /** Steps tried. */
  readonly states: number;
}

export interface NotLinearizable<Call, Answer> {
  readonly kind: "notLinearizable";
  /** The order that comes furthest: it explains every answer before that of `stuck`. */
  readonly explained: readonly Operation<Call, Answer>[];
  /** The one whose answer comes next, and cannot follow. */
  readonly stuck: Operation<Call, Answer>;
  /** Operations with an answer that no order explains after that; `stuck` is one of them. */
  readonly unexplained: readonly Operation<Call, Answer>[];
  readonly states: number;
}

/** The budget was spent before there was a verdict. */
export interface Undecided {
  readonly kind: "unknown";
  readonly states: number;
  /** Bytes in use for what is remembered. */
  readonly memoryBytes: number;
}

/**
 * Decides whether a history of one object is linearizable (Herlihy and Wing 1990): the search of Wing and Gong ("Testing
 * and verifying concurrent objects", 1993) with the memoization of Lowe ("Testing for linearizability", 2017). It walks
 * the calls and answers in the order of their times, takes a call whose result fits as the next to take effect, and goes
 * back where an answer is reached that nothing explains. Nothing is tried twice from the same state.
 *
 * An operation without an answer may take effect at any time after its call, once, or never.
 */
export function checkLinearizability<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  operations: readonly Operation<Call, Answer>[],
  budget: SearchBudget = {},
): Verdict<Call, Answer> {
  return new LinearizabilitySearch(model, operations, budget).run();
}
