import type { WholeEntry } from "../models/store-operation.ts";
import type { KeyRange, KeyVersion } from "./store-replay.ts";

/** What was asked of a store that keeps its history. `atRevision` undefined: as it is. */
export type StateCall =
  | { readonly kind: "get"; readonly key: string; readonly atRevision: number | undefined }
  | (KeyRange & {
      readonly kind: "range";
      readonly keysOnly: boolean;
      readonly limit: number | undefined;
      readonly atRevision: number | undefined;
    })
  /** The writes to a key, newest first. */
  | {
      readonly kind: "history";
      readonly key: string;
      readonly limit: number | undefined;
      readonly atRevision: number | undefined;
    }
  /** Gives up history before `revision`. */
  | { readonly kind: "compact"; readonly revision: number };

export type StateAnswer =
  /** `revision`: the store's that the answer is from, where it was told. `hasMore`: there may be others beyond these. */
  | {
      readonly kind: "entries";
      readonly entries: readonly WholeEntry[];
      readonly revision: number | undefined;
      readonly hasMore: boolean;
    }
  | {
      readonly kind: "writes";
      readonly writes: readonly KeyVersion[];
      readonly revision: number | undefined;
      readonly hasMore: boolean;
    }
  | { readonly kind: "done" }
  /** Refused. */
  | { readonly kind: "compacted" }
  | { readonly kind: "futureRevision" };

/** From which states an answer may be, by what it promises, and by what there was when it came. */
export interface StateBounds {
  /** The revision that it has to show, or a later one. */
  readonly atLeast: number;
  /** The latest that had been written when the answer came. */
  readonly atMost: number;
  /** The latest that was known, to anybody, to have been written when the call was made. */
  readonly known: number;
  /** The compaction of history up to here had been acknowledged when the call was made, and the answer has to know it. */
  readonly compacted: number;
  /** History may have been compacted up to here when the answer came. */
  readonly mayBeCompacted: number;
}

/** One call, its answer, and what that may be. */
export interface StateRead {
  readonly client: string;
  readonly calledAt: number;
  readonly answeredAt: number;
  readonly call: StateCall;
  readonly answer: StateAnswer;
  readonly bounds: StateBounds;
}
