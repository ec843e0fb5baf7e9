import type { SequentialModel } from "./operation.ts";

export type KeyCall =
  | { readonly kind: "get" }
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "delete" };

export type KeyAnswer =
  | { readonly kind: "absent" }
  | { readonly kind: "found"; readonly value: string; readonly version: number; readonly modRevision: number }
  | { readonly kind: "put"; readonly revision: number }
  | { readonly kind: "deleted"; readonly deleted: boolean };

/** One key. A put without an answer leaves a mod revision that nobody was told. */
export interface KeyState {
  readonly value: string | undefined;
  /** Puts since the key was created: a put that takes effect twice shows here. */
  readonly version: number;
  readonly modRevision: number | undefined;
}

/** One key of raftkv: value, version and mod revision must all fit. */
export const keyModel: SequentialModel<KeyState, KeyCall, KeyAnswer> = {
  initial: { value: undefined, version: 0, modRevision: undefined },
  step(state, call, answer) {
    switch (call.kind) {
      case "get":
        return answer === undefined ? state : afterGet(state, answer);
      case "put":
        return {
          value: call.value,
          version: state.version + 1,
          modRevision: answer?.kind === "put" ? answer.revision : undefined,
        };
      case "delete":
        if (answer?.kind === "deleted" && answer.deleted !== (state.value !== undefined)) return undefined;
        return { value: undefined, version: 0, modRevision: undefined };
    }
  },
  describe: (state) => `${state.version}@${state.modRevision ?? "?"}=${state.value ?? ""}`,
};

function afterGet(state: KeyState, answer: KeyAnswer): KeyState | undefined {
  if (answer.kind === "absent") return state.value === undefined ? state : undefined;
  if (answer.kind !== "found" || answer.value !== state.value || answer.version !== state.version) return undefined;
  if (state.modRevision !== undefined && answer.modRevision !== state.modRevision) return undefined;
  return { ...state, modRevision: answer.modRevision };
}
