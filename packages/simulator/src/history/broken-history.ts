import type { HistoryVerdict } from "./check-history.ts";
import type { Finding } from "./checkers/facts.ts";
import { describeOperation } from "./drawing/describe-operation.ts";
import { explainFailure, type FailureExplained } from "./drawing/explain-failure.ts";
import { drawPage } from "./drawing/page.ts";
import type { SearchBudget } from "./linearizability/linearizability.ts";
import { shrinkHistory } from "./linearizability/shrink-history.ts";
import type { SequentialModel } from "./operation.ts";

/** A history broke a promise: the message tells which, and how; `page` draws it. */
export class BrokenHistory extends Error {
  override readonly name = "BrokenHistory";
  /** A page of HTML, complete in itself. */
  readonly page: string;

  constructor(failures: readonly FailureExplained[]) {
    super(failures.map(({ title, lines }) => [title, ...lines].join("\n")).join("\n\n"));
    this.page = drawPage("What no order explains", failures);
  }
}

/** So many failures are explained; the others are counted. */
const maxExplained = 4;

/** All that is wrong with a history, for people; nothing where all is well. */
export function failuresOf<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  verdict: HistoryVerdict<Call, Answer>,
  findings: readonly Finding[],
  budget: SearchBudget = {},
): FailureExplained[] {
  const bad = verdict.parts.filter((part) => part.verdict.kind === "notLinearizable");
  const undecided = verdict.parts.filter((part) => part.verdict.kind === "unknown");
  const explained = bad.slice(0, maxExplained).map(({ key, operations }): FailureExplained => {
    const part = shrinkHistory(model, operations, budget);
    if (part !== undefined) return explainFailure(model, key, part);
    return { title: `${nameOf(key)} is not linearizable`, lines: ["too large to be shrunk in the budget"], drawn: [] };
  });
  const told = findings.slice(0, maxExplained).map(explainFinding);
  const rest = bad.length - explained.length + findings.length - told.length;
  return [
    ...explained,
    ...told,
    ...(rest > 0 ? [{ title: `${rest} more`, lines: ["of the same kinds"], drawn: [] }] : []),
    ...undecided.slice(0, maxExplained).map(({ key, operations, verdict: { states } }) => ({
      title: `${nameOf(key)} is undecided`,
      lines: [`the search over ${operations.length} operations gave up after ${states} steps: its budget`],
      drawn: [],
    })),
  ];
}

function explainFinding({ promise, message, operations }: Finding): FailureExplained {
  return {
    title: `broken: ${promise}`,
    lines: [message, ...operations.map((operation) => `    ${describeOperation(operation)}`)],
    drawn: operations.map((operation, number) => ({
      operation,
      place: undefined,
      part: number === operations.length - 1 ? "stuck" : "explained",
    })),
  };
}

function nameOf(key: string | undefined): string {
  return key === undefined ? "the history" : `key ${key}`;
}
