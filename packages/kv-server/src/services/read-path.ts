import { Consistency, ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Read, ReadAnswers } from "../state/read.ts";
import { KvFailure } from "./kv-failure.ts";
import { orAborted, type ReadGate } from "./read-gate.ts";
import { invalid } from "./text-form.ts";

/** How reads are answered: from the local state, after a read index where the read is to be linearizable. */
export class ReadPath {
  readonly #gate: ReadGate;
  readonly #state: Pick<KvStateMachine, "read">;
  readonly #limits: KvLimits;

  constructor(gate: ReadGate, state: Pick<KvStateMachine, "read">, limits: KvLimits) {
    this.#gate = gate;
    this.#state = state;
    this.#limits = limits;
  }

  /** Rejects with a `KvFailure`, the signal's reason, or what consensus or the engine failed with. */
  async read(reads: readonly Read[], consistency: Consistency, signal: AbortSignal): Promise<ReadAnswers> {
    if (isLinearizable(consistency)) await this.#gate.pass(signal);
    const limits = { pageBytes: this.#limits.maxPageBytes, totalBytes: this.#limits.maxReadBytes };
    return orAborted(this.#state.read(reads, limits), signal);
  }
}

function isLinearizable(consistency: Consistency): boolean {
  switch (consistency) {
    case Consistency.UNSPECIFIED:
    case Consistency.LINEARIZABLE:
      return true;
    case Consistency.SERIALIZABLE:
      return false;
    default:
      throw new KvFailure(invalid(`consistency ${consistency} is unknown to this version of raftkv`));
  }
}

/** A range as the wire gives it: an empty end means the last key, a limit of 0 none. */
export function rangeRead(from: Uint8Array, to: Uint8Array | undefined, limit: number, keysOnly: boolean): Read {
  return {
    kind: "range",
    from,
    to: to?.length === 0 ? undefined : to,
    limit: limit === 0 ? Number.MAX_SAFE_INTEGER : limit,
    keysOnly,
  };
}

export const READ_TOO_LARGE = {
  code: ErrorCode.RESOURCE_EXHAUSTED,
  message: "the answers to this batch would be too large together: ask for this one again",
} as const;
