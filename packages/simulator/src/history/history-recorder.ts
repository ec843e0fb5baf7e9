import { type KeyAnswer, type KeyCall, keyModel } from "./key-value-model.ts";
import { checkLinearizability } from "./linearizability.ts";
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
  readonly #histories = new Map<string, Operation<KeyCall, KeyAnswer>[]>();
  #time = 0;
  #nothing = 0;

  async record(key: string, call: KeyCall, perform: () => Promise<Outcome>): Promise<Outcome> {
    const calledAt = ++this.#time;
    const outcome = await perform();
    const answeredAt = ++this.#time;
    if (outcome.kind === "answered") this.#add(key, { calledAt, answeredAt, call, answer: outcome.answer });
    else if (outcome.kind === "nothing") this.#nothing++;
    else if (call.kind !== "get") this.#add(key, { calledAt, answeredAt: undefined, call, answer: undefined });
    return outcome;
  }

  /** Throws with the offending key and operations unless every key's history is linearizable. */
  check(): HistorySummary {
    for (const [key, history] of this.#histories) {
      const verdict = checkLinearizability(keyModel, history);
      if (verdict.linearizable) continue;
      const lines = verdict.unexplained.slice(0, 20).map((operation) => JSON.stringify(operation));
      const explained = verdict.explained.slice(-10).map((operation) => JSON.stringify(operation));
      throw new Error(
        `key ${key} is not linearizable; explained up to\n${explained.join("\n")}\nno order explains\n${lines.join("\n")}`,
      );
    }
    return this.summary();
  }

  summary(): HistorySummary {
    const operations = [...this.#histories.values()].flat();
    const answered = operations.filter((operation) => operation.answeredAt !== undefined);
    const answeredReads = answered.filter((operation) => operation.call.kind === "get").length;
    return {
      keys: this.#histories.size,
      answeredWrites: answered.length - answeredReads,
      answeredReads,
      unknown: operations.length - answered.length,
      nothing: this.#nothing,
    };
  }

  keys(): readonly string[] {
    return [...this.#histories.keys()];
  }

  #add(key: string, operation: Operation<KeyCall, KeyAnswer>): void {
    const history = this.#histories.get(key) ?? [];
    this.#histories.set(key, history);
    history.push(operation);
  }
}
