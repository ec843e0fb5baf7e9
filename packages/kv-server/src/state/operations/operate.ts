import { type Answer, refuse } from "../answer.ts";
import type { FencedOperation, Operation } from "../command.ts";
import { hasTransactions } from "../counters.ts";
import type { FoldedState } from "../folded-state.ts";
import { compact } from "./compact.ts";
import { del } from "./delete.ts";
import { deleteRange } from "./delete-range.ts";
import { holds } from "./fence.ts";
import { grantLease } from "./grant-lease.ts";
import { keepLeaseAlive } from "./keep-lease-alive.ts";
import { put, putWithOptions } from "./put.ts";
import { revokeLease } from "./revoke-lease.ts";
import { transaction } from "./transaction.ts";

/**
 * Carries one operation out; a file for each. What it refuses has changed nothing. A node of an earlier version does not
 * know later operations, and passes over later fields; so that it comes to the same state, so does everybody as long as it
 * may be there. (Nobody proposes them then, but for a leader of that version, who does not see them.)
 */
export function operate(state: FoldedState, operation: Operation): Answer {
  switch (operation.kind) {
    case "put":
      if (operation.options !== undefined && hasTransactions(state.counters)) return putWithOptions(state, operation);
      return operation.key.length === 0 ? refuse("keyEmpty") : put(state, operation);
    case "delete":
      return del(state, hasTransactions(state.counters) ? operation : { ...operation, withPrevious: false });
    case "compact":
      return compact(state.counters, operation.revision);
    case "grantLease":
      return grantLease(state, operation.leaseId, operation.ttlMs);
    case "keepLeaseAlive":
      return keepLeaseAlive(state, operation.leaseId);
    case "revokeLease":
      return revokeLease(state, operation.leaseId);
    case "deleteRange":
      return orUnknown(state, () => deleteRange(state, operation));
    case "transaction":
      return orUnknown(state, () => transaction(state, operation));
    case "fenced":
      return hasTransactions(state.counters) ? fenced(state, operation) : operate(state, operation.operation);
    default:
      return refuse("invalidOperation");
  }
}

function fenced(state: FoldedState, { fence, operation }: FencedOperation): Answer {
  return holds(fence, state.present) ? operate(state, operation) : refuse("fenced");
}

function orUnknown(state: FoldedState, carryOut: () => Answer): Answer {
  return hasTransactions(state.counters) ? carryOut() : refuse("invalidOperation");
}
