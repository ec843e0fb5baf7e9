import type { NodeId } from "./entry.ts";
import type { BatchId } from "./input.ts";
import type { Message } from "./message.ts";
import type { RaftState } from "./role-state.ts";

/**
 * Every message names the sender's term, so none overtakes the write that makes the term (and the vote in it)
 * durable. `alsoAfter` is the batch with the entries that the message vouches for.
 */
export function send(state: RaftState, to: NodeId, message: Message, alsoAfter?: BatchId): void {
  const after = Math.max(state.hardState.pendingBatch ?? 0, alsoAfter ?? 0);
  state.effects.send(after === 0 ? { to, message } : { to, message, after });
}
