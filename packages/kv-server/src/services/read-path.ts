import { Consistency, ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { KeyEntry } from "../state/key-record.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Read, ReadAnswers } from "../state/read.ts";
import { KvFailure } from "./kv-failure.ts";
import { orAborted, type ReadGate } from "./read-gate.ts";
import { ReadSlots } from "./read-slots.ts";
import { invalid } from "./text-form.ts";

/** Where it is counted how much room answers take until they are sent. */
export interface AnswerSpace {
  /** The answers that wait to be sent take all there is: no more may be made. */
  readonly full: boolean;
  take(bytes: number): void;
}

/**
 * How reads are answered: from the local state, after a read index where the read is to be linearizable. Only some of
 * them look at the state at the same time, so that as many answers, and no more, come to be before they are counted.
 */
export class ReadPath {
  readonly #gate: ReadGate;
  readonly #state: Pick<KvStateMachine, "read">;
  readonly #limits: KvLimits;
  readonly #slots: ReadSlots;

  constructor(gate: ReadGate, state: Pick<KvStateMachine, "read">, limits: KvLimits) {
    this.#gate = gate;
    this.#state = state;
    this.#limits = limits;
    this.#slots = new ReadSlots(limits.maxConcurrentReads);
  }

  /** Rejects with a `KvFailure`, the signal's reason, or what consensus or the engine failed with. */
  async read(
    reads: readonly Read[],
    consistency: Consistency,
    signal: AbortSignal,
    space?: AnswerSpace,
  ): Promise<ReadAnswers> {
    if (isLinearizable(consistency)) await this.#gate.pass(signal);
    return orAborted(
      this.#slots.run(() => this.#answer(reads, signal, space)),
      signal,
    );
  }

  async #answer(reads: readonly Read[], signal: AbortSignal, space: AnswerSpace | undefined): Promise<ReadAnswers> {
    signal.throwIfAborted();
    if (space?.full) throw new KvFailure(ANSWERS_WAIT);
    const limits = { pageBytes: this.#limits.maxPageBytes, totalBytes: this.#limits.maxReadBytes };
    const answers = await this.#state.read(reads, limits);
    space?.take(answerBytes(answers));
    return answers;
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

/** What an entry takes in memory besides key and value, roughly. */
const ENTRY_BYTES = 128;

function answerBytes({ answers }: ReadAnswers): number {
  let bytes = 0;
  for (const answer of answers) {
    if (answer.kind === "get") bytes += entryBytes(answer.entry);
    if (answer.kind === "range") for (const entry of answer.entries) bytes += entryBytes(entry);
  }
  return bytes;
}

function entryBytes(entry: KeyEntry | undefined): number {
  return entry === undefined ? 0 : ENTRY_BYTES + entry.key.length + entry.value.length;
}

const ANSWERS_WAIT = {
  code: ErrorCode.RESOURCE_EXHAUSTED,
  message: "too many answers wait to be taken: take them, then ask again",
} as const;

export const READ_TOO_LARGE = {
  code: ErrorCode.RESOURCE_EXHAUSTED,
  message: "the answers to this batch would be too large together: ask for this one again",
} as const;
