import type { Answer } from "../answer.ts";
import type { PutOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { leaseOfPut } from "../leases/put-lease.ts";
import { addChange, nextRecord } from "../writes.ts";

/** By far the most frequent of all operations: one write, at a revision of its own. */
export function put(state: FoldedState, operation: PutOperation): Answer {
  const { counters, present } = state;
  const { id, key, value } = operation;
  const superseded = present.record(id);
  const lease = leaseOfPut(state, operation, superseded);
  if ("code" in lease) return lease;
  const revision = ++counters.revision;
  const record = nextRecord(superseded, revision, 0, value.length, lease.leaseId);
  present.set(id, record, value);
  addChange(state, { id, key, revision, sub: 0, record, value, superseded, ttlMs: lease.ttlMs });
  return { kind: "put", revision };
}
