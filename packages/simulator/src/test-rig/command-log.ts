import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@raftkv/kv-server";
import { CommandBatchSchema, type OperationSchema } from "@raftkv/proto/kv";
import { AppliedLog } from "../observed/applied-log.ts";
import type { StoreHistory } from "../observed/store-history.ts";

export type OperationInit = Pick<MessageInitShape<typeof OperationSchema>, "operation" | "fence">;
type Batch = Pick<MessageInitShape<typeof CommandBatchSchema>, "sessionId" | "firstSequence">;

/** A log of commands with what was answered, each applied at the cluster time that it is stamped with; leases are known in it. */
export class CommandLog {
  readonly #applied: AppliedLog;
  #index = 0;
  #nowMs = 0;

  constructor() {
    this.#applied = new AppliedLog(() => this.#nowMs);
    const raise: OperationInit = { operation: { case: "raiseApplyVersion", value: { applyVersion: 3 } } };
    this.at(0, raise, { kind: "raiseApplyVersion", applyVersion: 3 });
  }

  at(timeMs: number, operation: OperationInit, answer: object, batch: Batch = {}): this {
    const command = toBinary(CommandBatchSchema, create(CommandBatchSchema, { ...batch, operations: [operation] }));
    const entry = { kind: "command", index: ++this.#index, term: 1, payload: encodeEnvelope(timeMs, command) } as const;
    this.#nowMs = timeMs;
    const results = [JSON.stringify({ kind: "answers", answers: [answer] })];
    this.#applied.observe({ kind: "applied", node: 1, entries: [entry], results });
    return this;
  }

  get history(): StoreHistory {
    return this.#applied.replay().history;
  }

  /** What was answered first as it should not have been. */
  get wrong(): string | undefined {
    const { wrong } = this.#applied.replay();
    return wrong && `${wrong.promise}: ${wrong.message}`;
  }
}
