import type { SequentialModel } from "../operation.ts";

/** What a register holds; null: nothing was written yet. */
export type RegisterValue = string | number | null;

export type RegisterCall =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: RegisterValue }
  | { readonly kind: "compareAndSet"; readonly from: RegisterValue; readonly to: RegisterValue };

/** A read's value, or whether a write or compare-and-set took place. */
export type RegisterAnswer = { readonly value: RegisterValue } | { readonly done: boolean };

/** One register that starts as null, with read, write and compare-and-set. */
export const registerModel: SequentialModel<RegisterValue, RegisterCall, RegisterAnswer> = {
  partitioned: true,
  initial: null,
  step(state, call, answer) {
    switch (call.kind) {
      case "read":
        return answer === undefined || ("value" in answer && answer.value === state) ? state : undefined;
      case "write":
        return call.value;
      case "compareAndSet": {
        const done = state === call.from;
        if (answer !== undefined && "done" in answer && answer.done !== done) return undefined;
        return done ? call.to : state;
      }
    }
  },
  describe: (state) => JSON.stringify(state),
  readsOnly: (call) => call.kind === "read",
  informedBy: (history) => {
    const seen = new Set<RegisterValue>();
    for (const { call, answer } of history) {
      if (call.kind === "compareAndSet") seen.add(call.from);
      if (answer !== undefined && "value" in answer) seen.add(answer.value);
    }
    return {
      ...registerModel,
      likeness: (call) => (call.kind === "write" && !seen.has(call.value) ? "write unseen" : JSON.stringify(call)),
    };
  },
};
