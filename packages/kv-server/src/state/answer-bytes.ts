import { type Answer, type Refusal, refuse, type StepAnswer } from "./answer.ts";
import type { KeyEntry } from "./key-record.ts";
import { OPERATION_BOUNDS } from "./operation-bounds.ts";

/** Bytes that an entry takes in an answer besides key and value, roughly. */
const ENTRY_OVERHEAD = 64;
/** Bytes that the answer to one step of a transaction takes in any case, roughly. */
const STEP_OVERHEAD = 32;

/** What an answer takes beyond what every answer does: what it tells of keys, and of steps. */
export function answerBytes(answer: Answer | StepAnswer): number {
  switch (answer.kind) {
    case "put":
    case "delete":
      return answer.previous === undefined ? 0 : entryBytes(answer.previous);
    case "deleteRange":
      return sum(answer.previous, entryBytes);
    case "get":
      return entryBytes(answer.entry);
    case "range":
      return sum(answer.entries, entryBytes);
    case "transaction":
      return sum(answer.results, (result) => STEP_OVERHEAD + answerBytes(result));
    default:
      return 0;
  }
}

export function answersBytes(answers: readonly Answer[]): number {
  return sum(answers, answerBytes);
}

function sum<Part>(parts: readonly Part[], bytesOf: (part: Part) => number): number {
  let bytes = 0;
  for (const part of parts) bytes += bytesOf(part);
  return bytes;
}

export function entryBytes(entry: KeyEntry | undefined): number {
  return entry === undefined ? 0 : ENTRY_OVERHEAD + entry.key.length + entry.value.length;
}

/** Why an answer of so many bytes cannot be given; asked before anything is changed. `room`: what is left for it. */
export function answerExcess(bytes: number, room: number): Refusal | undefined {
  if (bytes > OPERATION_BOUNDS.maxAnswerBytes) return refuse("operationTooLarge");
  return bytes > room ? refuse("tooManyAnswers") : undefined;
}
