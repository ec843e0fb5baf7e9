import type { SequentialModel } from "../operation.ts";
import { KeyClaims } from "./key-claims.ts";

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
  /** The highest revision known of this key so far: what is written later has a higher one. */
  readonly revisionFloor: number;
}

/** One key of raftkv: value, version and mod revision must all fit, and revisions ascend. */
export const keyModel: SequentialModel<KeyState, KeyCall, KeyAnswer> = {
  partitioned: true,
  initial: { value: undefined, version: 0, modRevision: undefined, revisionFloor: 0 },
  step(state, call, answer) {
    switch (call.kind) {
      case "get":
        return answer === undefined ? state : afterGet(state, answer);
      case "put":
        return afterPut(state, call.value, answer?.kind === "put" ? answer.revision : undefined);
      case "delete":
        if (answer?.kind === "deleted" && answer.deleted !== (state.value !== undefined)) return undefined;
        if (state.value === undefined) return state;
        return { value: undefined, version: 0, modRevision: undefined, revisionFloor: state.revisionFloor };
    }
  },
  describe: (state) => `${state.version}@${state.modRevision ?? "?"}>${state.revisionFloor}=${state.value ?? ""}`,
  show: ({ value, version, modRevision }) =>
    value === undefined ? "no such key" : `${value}, version ${version}, mod revision ${modRevision ?? "unknown"}`,
  readsOnly: (call) => call.kind === "get",
  position: (_, answer) => {
    if (answer.kind === "put") return 2 * answer.revision;
    return answer.kind === "found" ? 2 * answer.modRevision + 1 : undefined;
  },
  informedBy: (history) => {
    const claims = new KeyClaims(history);
    return {
      ...keyModel,
      step(state, call, answer) {
        if (call.kind === "put") {
          const version = state.version + 1;
          if (!claims.allow(call.value, version)) return undefined;
          if (answer === undefined && state.value !== undefined && claims.isBeyond(version)) return undefined;
        }
        return keyModel.step(state, call, answer);
      },
      likeness: (call) => (call.kind === "put" && claims.isUnseen(call.value) ? "put unseen" : JSON.stringify(call)),
    };
  },
};

function afterPut(state: KeyState, value: string, revision: number | undefined): KeyState | undefined {
  const { version, revisionFloor } = state;
  if (revision !== undefined && revision <= revisionFloor) return undefined;
  return { value, version: version + 1, modRevision: revision, revisionFloor: revision ?? revisionFloor };
}

function afterGet(state: KeyState, answer: KeyAnswer): KeyState | undefined {
  if (answer.kind === "absent") return state.value === undefined ? state : undefined;
  if (answer.kind !== "found" || answer.value !== state.value || answer.version !== state.version) return undefined;
  const { modRevision } = answer;
  if (state.modRevision !== undefined) return modRevision === state.modRevision ? state : undefined;
  return modRevision > state.revisionFloor ? { ...state, modRevision, revisionFloor: modRevision } : undefined;
}
