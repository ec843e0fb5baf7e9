import type { Message } from "@raftkv/raft-core";

const answers: ReadonlySet<Message["kind"]> = new Set([
  "preVoteResponse",
  "voteResponse",
  "appendResponse",
  "heartbeatResponse",
]);

/** What a receiver counts as the word of one member. All else is judged by its term and by logs, whoever says it. */
export function isAnswer({ kind }: Message): boolean {
  return answers.has(kind);
}
