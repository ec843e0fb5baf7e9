import { ErrorCode } from "@raftkv/proto/kv";
import type { Consensus } from "@raftkv/raft-core";
import type { KvLimits } from "../limits.ts";
import type { KeyEntry } from "../state/key-record.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Read, ReadAnswers } from "../state/read.ts";
import { KvFailure } from "./kv-failure.ts";
import { orAborted, type ReadGate } from "./read-gate.ts";
import type { ReadNeeds } from "./read-needs.ts";
import { ReadSlots } from "./read-slots.ts";
import type { RevisionWaits } from "./revision-waits.ts";

/** Where it is counted how much room answers take until they are sent. */
export interface AnswerSpace {
  /** The answers that wait to be sent take all there is: no more may be made. */
  readonly full: boolean;
  take(bytes: number): void;
}

export interface ReadPathOptions {
  readonly gate: ReadGate;
  readonly consensus: Pick<Consensus, "readByLease" | "stalenessMs">;
  readonly state: Pick<KvStateMachine, "read">;
  readonly revisions: RevisionWaits;
  readonly limits: KvLimits;
}

/**
 * How reads are answered: from the local state, once it is sure to show what the read needs. Only some of them look at
 * the state at the same time, so that as many answers, and no more, come to be before they are counted.
 */
export class ReadPath {
  readonly #options: ReadPathOptions;
  readonly #slots: ReadSlots;

  constructor(options: ReadPathOptions) {
    this.#options = options;
    this.#slots = new ReadSlots(options.limits.maxConcurrentReads);
  }

  /** Rejects with a `KvFailure`, the signal's reason, or what consensus or the engine failed with. */
  async read(
    reads: readonly Read[],
    { level, minRevision, maxStalenessMs }: ReadNeeds,
    signal: AbortSignal,
    space?: AnswerSpace,
  ): Promise<ReadAnswers> {
    const { gate, consensus, revisions } = this.#options;
    await revisions.reached(minRevision, signal);
    const answer = () => this.#inTurn(reads, signal, space);
    if (level === "lease") {
      const byLease = await consensus.readByLease(answer, signal);
      if (byLease.kind === "answer") return byLease.answer;
    }
    if (level !== "local" || consensus.stalenessMs() > maxStalenessMs) await gate.pass(signal);
    return answer();
  }

  #inTurn(reads: readonly Read[], signal: AbortSignal, space: AnswerSpace | undefined): Promise<ReadAnswers> {
    return orAborted(
      this.#slots.run(() => this.#answer(reads, signal, space)),
      signal,
    );
  }

  async #answer(reads: readonly Read[], signal: AbortSignal, space: AnswerSpace | undefined): Promise<ReadAnswers> {
    signal.throwIfAborted();
    if (space?.full) throw new KvFailure(ANSWERS_WAIT);
    const { state, limits } = this.#options;
    const { maxPageBytes: pageBytes, maxReadBytes: totalBytes } = limits;
    const answers = await state.read(reads, { pageBytes, totalBytes });
    space?.take(answerBytes(answers));
    return answers;
  }
}

/** What an entry takes in memory besides key and value, roughly. */
const ENTRY_BYTES = 128;

function answerBytes({ answers }: ReadAnswers): number {
  let bytes = 0;
  for (const answer of answers) {
    if (answer.kind === "get") bytes += entryBytes(answer.entry);
    if (answer.kind === "range") for (const entry of answer.entries) bytes += entryBytes(entry);
    if (answer.kind === "lease") for (const key of answer.keys) bytes += ENTRY_BYTES + key.length;
    if (answer.kind === "leases") bytes += answer.leases.length * ENTRY_BYTES;
    if (answer.kind === "history") for (const { entry } of answer.writes) bytes += ENTRY_BYTES + entryBytes(entry);
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
