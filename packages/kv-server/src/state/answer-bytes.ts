import type { Answer } from "./answer.ts";

/** What an answer takes beyond what every answer does: what it tells of keys. */
export function answerBytes(_answer: Answer): number {
  return 0;
}
