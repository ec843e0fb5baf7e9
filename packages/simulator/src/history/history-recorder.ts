import { BrokenHistory, failuresOf } from "./broken-history.ts";
import { checkHistory } from "./check-history.ts";
import { factsOfKeys } from "./checkers/facts.ts";
import { promisesBroken } from "./checkers/promises.ts";
import type { SearchBudget } from "./linearizability/linearizability.ts";
import { type KeyAnswer, type KeyCall, keyModel } from "./models/key-value-model.ts";
import type { Operation } from "./operation.ts";

/** What became of a call: an answer, certainly nothing, or nobody knows. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: KeyAnswer }
  | { readonly kind: "nothing" | "unknown" };

export interface HistorySummary {
  readonly keys: number;
  readonly answeredWrites: number;
  readonly answeredReads: number;
  readonly unknown: number;
  readonly nothing: number;
}

/** Writes down what clients did to each key, in the order of calls and answers, and has it checked. */
export class HistoryRecorder {
  readonly #history: Operation<KeyCall, KeyAnswer>[] = [];
  readonly #keys = new Set<string>();
  readonly #answered: (answer: KeyAnswer) => void;
  #time = 0;
  #nothing = 0;

  /** `answered` is called with each answer as it comes. */
  constructor(answered: (answer: KeyAnswer) => void = () => {}) {
    this.#answered = answered;
  }

  /**
   * Performs a call and writes down what came of it. `client` is whoever promises that its operations take effect in the
   * order issued; without one an operation is in no order but that of time.
   */
  async record(key: string, call: KeyCall, perform: () => Promise<Outcome>, client?: string): Promise<Outcome> {
    const calledAt = ++this.#time;
    const outcome = await perform();
    const answeredAt = ++this.#time;
    if (outcome.kind === "answered") this.#answered(outcome.answer);
    if (outcome.kind === "answered") this.#add({ client, key, calledAt, answeredAt, call, answer: outcome.answer });
    else if (outcome.kind === "nothing") this.#nothing++;
    else if (call.kind !== "get") {
      this.#add({ client, key, calledAt, answeredAt: undefined, call, answer: undefined });
    }
    return outcome;
  }

  /**
   * Throws a `BrokenHistory` unless every key's history is linearizable, each write took effect once, revisions ascend, and
   * no client's operations were taken out of their order. A history that could not be decided within the budget counts as
   * broken too.
   */
  check(budget: SearchBudget = {}): HistorySummary {
    const verdict = checkHistory(keyModel, this.#history, budget);
    const findings = promisesBroken(factsOfKeys(this.#history));
    const failures = failuresOf(keyModel, verdict, findings, budget);
    if (failures.length > 0) throw new BrokenHistory(failures);
    return this.summary();
  }

  summary(): HistorySummary {
    const answered = this.#history.filter((operation) => operation.answeredAt !== undefined);
    const answeredReads = answered.filter((operation) => operation.call.kind === "get").length;
    return {
      keys: this.#keys.size,
      answeredWrites: answered.length - answeredReads,
      answeredReads,
      unknown: this.#history.length - answered.length,
      nothing: this.#nothing,
    };
  }

  keys(): readonly string[] {
    return [...this.#keys];
  }

  /** Everything so far, for `formatHistory` or for checkers of one's own. */
  get history(): readonly Operation<KeyCall, KeyAnswer>[] {
    return this.#history;
  }

  #add(operation: Operation<KeyCall, KeyAnswer> & { readonly key: string }): void {
    this.#keys.add(operation.key);
    this.#history.push(operation);
  }
}
