import { type Answer, type Refusal, refuse } from "./answer.ts";
import type { KeyEntry } from "./key-record.ts";
import { OPERATION_BOUNDS } from "./operation-bounds.ts";

/** Bytes that an entry takes in an answer besides key and value, roughly. */
const ENTRY_OVERHEAD = 64;

/** What an answer takes beyond what every answer does: what it tells of keys. */
export function answerBytes(_answer: Answer): number {
  return 0;
}

export function entryBytes(entry: KeyEntry | undefined): number {
  return entry === undefined ? 0 : ENTRY_OVERHEAD + entry.key.length + entry.value.length;
}

/** Why an answer of so many bytes cannot be given; asked before anything is changed. `room`: what is left for it. */
export function answerExcess(bytes: number, room: number): Refusal | undefined {
  if (bytes > OPERATION_BOUNDS.maxAnswerBytes) return refuse("operationTooLarge");
  return bytes > room ? refuse("tooManyAnswers") : undefined;
}
