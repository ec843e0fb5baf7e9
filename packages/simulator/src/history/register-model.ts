import type { SequentialModel } from "./operation.ts";

export type RegisterCall =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: string }
  | { readonly kind: "compareAndSet"; readonly from: string; readonly to: string };

/** A read's value, or whether a write or compare-and-set took place. */
export type RegisterAnswer = { readonly value: string } | { readonly done: boolean };

/** One register that starts as `nil`, with read, write and compare-and-set. */
export const registerModel: SequentialModel<string, RegisterCall, RegisterAnswer> = {
  initial: "nil",
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
  describe: (state) => state,
};
