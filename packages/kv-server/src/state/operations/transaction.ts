import { type Answer, type Refusal, refuse, type StepAnswer, type TransactionAnswer } from "../answer.ts";
import { answerBytes, answerExcess } from "../answer-bytes.ts";
import type { GetStep, TransactionOperation, TransactionStep } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import type { Present } from "../present.ts";
import { presentEntry } from "../present-entry.ts";
import { Writes } from "../writes.ts";
import { compares } from "./compare.ts";
import { deleteStep } from "./delete.ts";
import { deleteRangeStep } from "./delete-range.ts";
import { putStep } from "./put.ts";
import { rangeStep } from "./range-step.ts";

/** All of it at one revision, or, where a step is refused, nothing. */
export function transaction(state: FoldedState, operation: TransactionOperation): Answer {
  if (operation.problem !== undefined) return refuse(operation.problem);
  const writes = new Writes(state);
  const answer = new Run(state, writes).transaction(chosenBranch(operation, state.present));
  if (answer.kind === "refused") writes.rollBack();
  else writes.commit();
  return answer;
}

/** Which steps are carried out: decided for nested transactions too before anything is, as in etcd. */
interface Branch {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<TransactionStep, TransactionOperation> | Branch)[];
}

function chosenBranch({ comparisons, then, otherwise }: TransactionOperation, present: Present): Branch {
  const succeeded = comparisons.every((comparison) => compares(comparison, present));
  const steps = (succeeded ? then : otherwise).map((step) =>
    step.kind === "transaction" ? chosenBranch(step, present) : step,
  );
  return { succeeded, steps };
}

/** Carries steps out, as long as their answers do not become too large together. */
class Run {
  readonly #state: FoldedState;
  readonly #writes: Writes;
  #bytes = 0;

  constructor(state: FoldedState, writes: Writes) {
    this.#state = state;
    this.#writes = writes;
  }

  transaction({ succeeded, steps }: Branch): TransactionAnswer | Refusal {
    const results: StepAnswer[] = [];
    for (const step of steps) {
      const answer = "kind" in step ? this.#step(step) : this.transaction(step);
      if (answer.kind === "refused") return answer;
      if (answer.kind !== "transaction") this.#bytes += answerBytes(answer);
      const excess = answerExcess(this.#bytes, this.#state.answerRoom);
      if (excess !== undefined) return excess;
      results.push(answer);
    }
    return { kind: "transaction", revision: this.#writes.revision, succeeded, results };
  }

  #step(step: Exclude<TransactionStep, TransactionOperation>): StepAnswer | Refusal {
    switch (step.kind) {
      case "put":
        return putStep(this.#state, this.#writes, step);
      case "delete":
        return deleteStep(this.#state, this.#writes, step);
      case "deleteRange":
        return deleteRangeStep(this.#state, this.#writes, step);
      case "get":
        return this.#get(step);
      case "range":
        return rangeStep(this.#state, step);
    }
  }

  #get({ id }: GetStep): StepAnswer {
    const { present } = this.#state;
    const record = present.record(id);
    return { kind: "get", entry: record === undefined ? undefined : presentEntry(present, id, record) };
  }
}
