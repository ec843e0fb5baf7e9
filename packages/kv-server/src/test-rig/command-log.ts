import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type OperationSchema } from "@raftkv/proto/kv";
import type { Entry } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { ApplyResult } from "../state/answer.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";

export type OperationInit = MessageInitShape<typeof OperationSchema>;

export interface BatchInit {
  readonly session?: number;
  readonly first?: number;
  readonly acknowledged?: number;
  readonly operations: readonly OperationInit[];
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function put(key: string, value: string): OperationInit {
  return { operation: { case: "put", value: { key: bytes(key), value: bytes(value) } } };
}

export function del(key: string): OperationInit {
  return { operation: { case: "delete", value: { key: bytes(key) } } };
}

export function compact(revision: number): OperationInit {
  return { operation: { case: "compact", value: { revision: BigInt(revision) } } };
}

export function raiseApplyVersion(applyVersion: number): OperationInit {
  return { operation: { case: "raiseApplyVersion", value: { applyVersion } } };
}

export const checkState: OperationInit = { operation: { case: "checkState", value: {} } };
export const skip: OperationInit = { operation: { case: "skip", value: {} } };
export const closeSession: OperationInit = { operation: { case: "closeSession", value: {} } };

export function openSession(ttlMs: number): OperationInit {
  return { operation: { case: "openSession", value: { ttlMs: BigInt(ttlMs) } } };
}

export function encodeBatch({ session = 0, first = 0, acknowledged = 0, operations }: BatchInit): Uint8Array {
  return toBinary(
    CommandBatchSchema,
    create(CommandBatchSchema, {
      sessionId: BigInt(session),
      firstSequence: BigInt(first),
      acknowledgedThrough: BigInt(acknowledged),
      operations: [...operations],
    }),
  );
}

/** A log of term 1 that grows by what a test appends, at the cluster time that the test sets. */
export class CommandLog {
  readonly entries: Entry[] = [];
  timeMs = 0;

  append(batch: BatchInit): Entry {
    return this.appendPayload(encodeEnvelope(this.timeMs, encodeBatch(batch)));
  }

  appendPayload(payload: Uint8Array): Entry {
    const entry: Entry = { kind: "command", term: 1, index: this.entries.length + 1, payload };
    this.entries.push(entry);
    return entry;
  }

  appendNoop(): Entry {
    const entry: Entry = { kind: "noop", term: 1, index: this.entries.length + 1 };
    this.entries.push(entry);
    return entry;
  }

  /** Everything that `machine` has not applied. */
  after(machine: KvStateMachine): readonly Entry[] {
    return this.entries.slice(machine.appliedIndex());
  }
}

/** Appends one batch and applies it. */
export async function applyOne(machine: KvStateMachine, log: CommandLog, batch: BatchInit): Promise<ApplyResult> {
  log.append(batch);
  const results = await machine.apply(log.after(machine));
  const last = results.at(-1);
  if (last === undefined) throw new Error("nothing was applied");
  return last;
}
