import { failuresOf } from "./broken-history.ts";
import { checkHistory } from "./check-history.ts";
import { type Finding, factsOfKeys, factsOfStore } from "./checkers/facts.ts";
import { promisesBroken } from "./checkers/promises.ts";
import type { FailureExplained } from "./drawing/explain-failure.ts";
import { type OperationParser, parseHistory } from "./format/history-lines.ts";
import { keyParser, registerParser, storeParser, textParser } from "./format/parsers.ts";
import type { SearchBudget, Verdict } from "./linearizability/linearizability.ts";
import { keyModel } from "./models/key-value-model.ts";
import { registerModel } from "./models/register-model.ts";
import { storeModel } from "./models/store-model.ts";
import { textModel } from "./models/text-map-model.ts";
import type { Operation, SequentialModel } from "./operation.ts";

/** What became of a history in JSON lines. */
export interface Judgement {
  readonly kind: Verdict<unknown, unknown>["kind"];
  /** It is not linearizable, or breaks another promise. */
  readonly isBroken: boolean;
  readonly operations: number;
  /** Histories that were judged apart. */
  readonly parts: number;
  /** Steps that the search tried. */
  readonly states: number;
  /** All that is wrong or undecided, for people. */
  readonly failures: readonly FailureExplained[];
}

/** By name, what a history in JSON lines can be a history of. */
export const judges = {
  register: judge(registerModel, registerParser, () => []),
  text: judge(textModel, textParser, () => []),
  key: judge(keyModel, keyParser, (history) => promisesBroken(factsOfKeys(history))),
  store: judge(storeModel, storeParser, (history) => promisesBroken(factsOfStore(history))),
} as const;

function judge<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  parser: OperationParser<Call, Answer>,
  findingsOf: (history: readonly Operation<Call, Answer>[]) => Finding[],
): (text: string, budget?: SearchBudget) => Judgement {
  return (text, budget = {}) => {
    const history = parseHistory(parser, text);
    const verdict = checkHistory(model, history, budget);
    const findings = findingsOf(history);
    return {
      kind: verdict.kind,
      isBroken: verdict.kind === "notLinearizable" || findings.length > 0,
      operations: history.length,
      parts: verdict.parts.length,
      states: verdict.states,
      failures: failuresOf(model, verdict, findings, budget),
    };
  };
}
