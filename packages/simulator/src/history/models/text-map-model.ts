import type { SequentialModel } from "../operation.ts";

/** What is asked of one key of a map from text to text. */
export type TextCall =
  | { readonly kind: "get" }
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "append"; readonly value: string };

/** One key of a map in which every key starts as the empty text. A get answers with the value. */
export const textModel: SequentialModel<string, TextCall, string> = {
  partitioned: true,
  initial: "",
  step(state, call, answer) {
    switch (call.kind) {
      case "get":
        return answer === undefined || answer === state ? state : undefined;
      case "put":
        return call.value;
      case "append":
        return state + call.value;
    }
  },
  describe: (state) => state,
  readsOnly: (call) => call.kind === "get",
};
