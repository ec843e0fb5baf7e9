import type { Outgoing } from "./effects.ts";
import type { NodeId } from "./entry.ts";
import type { BatchId } from "./input.ts";
import type { Message } from "./message.ts";
import type { RaftState } from "./role-state.ts";

/**
 * Every message names the sender's term, so none overtakes the write that makes the term (and the vote in it)
 * durable. `alsoAfter` is the batch with the entries that the message vouches for.
 */
export function send(state: RaftState, to: NodeId, message: Message, alsoAfter?: BatchId): void {
  sendTo(state, { to }, message, alsoAfter);
}

/** The same, to one bearer of the id if its data directory is known. */
export function sendTo(
  state: RaftState,
  addressee: Pick<Outgoing, "to" | "toMemberId">,
  message: Message,
  alsoAfter?: BatchId,
): void {
  const after = Math.max(state.hardState.pendingBatch ?? 0, alsoAfter ?? 0);
  state.effects.send(after === 0 ? { ...addressee, message } : { ...addressee, message, after });
}
