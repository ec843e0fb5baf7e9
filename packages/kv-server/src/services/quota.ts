import { ErrorCode } from "@raftkv/proto/kv";
import type { EntryContent, Operation, TransactionStep } from "../state/command.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Failure } from "./kv-failure.ts";

/**
 * How large the state may grow. Beyond it the leader proposes nothing that adds to it; what makes room goes through, and
 * so it ends by itself. It is this node's own, and no part of the replicated state.
 */
export class Quota {
  readonly #state: Pick<KvStateMachine, "usedBytes" | "hasApplied">;
  readonly #bytes: number;

  /** `bytes` 0: there is none. */
  constructor(state: Pick<KvStateMachine, "usedBytes" | "hasApplied">, bytes: number) {
    this.#state = state;
    this.#bytes = bytes;
  }

  /** Undefined: the batch may be proposed. A repeated one may: all that is left of it is its answer. */
  refusal(content: EntryContent): Failure | undefined {
    if (this.#bytes === 0 || content.kind !== "command") return undefined;
    const used = this.#state.usedBytes();
    if (used < this.#bytes) return undefined;
    const { sessionId, firstSequence, operations } = content.command;
    if (!operations.some(adds) || this.#state.hasApplied(sessionId, firstSequence + operations.length - 1)) {
      return undefined;
    }
    return {
      code: ErrorCode.QUOTA_EXCEEDED,
      message:
        `the store takes up ${used} bytes, and its quota is ${this.#bytes} (quota_bytes in cluster.conf): only deletes and ` +
        "compaction are taken. Delete what is not needed, then compact, so that its history goes too (raftkv compact " +
        "REVISION; by itself it goes after history.max_age); or raise the quota on every node",
    };
  }
}

/** Whether it may leave more behind than was there. */
function adds(operation: Operation | TransactionStep): boolean {
  switch (operation.kind) {
    case "put":
    case "grantLease":
      return true;
    case "fenced":
      return adds(operation.operation);
    case "transaction":
      return operation.then.some(adds) || operation.otherwise.some(adds);
    default:
      return false;
  }
}
