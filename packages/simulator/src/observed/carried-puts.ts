import type { PutOperation, TransactionOperation, TransactionStep } from "@raftkv/proto/kv";
import { textOf } from "../clients/utf8.ts";
import type { StoreAnswer } from "../history/models/store-operation.ts";
import type { PutLease } from "./lease-replay.ts";

/** What a put says of the lease of its key. */
export function leaseOfPut({ key, leaseId, ttlMs, keepLease }: PutOperation): PutLease {
  return { key: textOf(key), leaseId: Number(leaseId), ttlMs: Number(ttlMs), keep: keepLease };
}

/** The same of each put on the way that a transaction went, as a model answers it. Each key is put once at most. */
export function carriedPuts({ then, otherwise }: TransactionOperation, answer: StoreAnswer): readonly PutLease[] {
  if (answer.kind !== "transaction") return [];
  const { succeeded, answers } = answer;
  return (succeeded ? then : otherwise).flatMap(({ step }, position) => putsOf(step, answers[position]));
}

function putsOf(step: TransactionStep["step"], answer: StoreAnswer | undefined): readonly PutLease[] {
  if (step.case === "put") return [leaseOfPut(step.value)];
  return step.case === "transaction" && answer !== undefined ? carriedPuts(step.value, answer) : [];
}
