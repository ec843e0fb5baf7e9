import { fromBinary } from "@bufbuild/protobuf";
import type { Answer, ApplyResult } from "@raftkv/kv-server";
import { CommandBatchSchema, EntryEnvelopeSchema, type Operation } from "@raftkv/proto/kv";
import type { Entry, Index } from "@raftkv/raft-core";
import type { StoreAnswer, StoreTransaction } from "../history/models/store-operation.ts";
import { perform, type StoreEntries } from "../history/models/store-semantics.ts";
import { type RevisionWritten, StoreReplay } from "../history/replay/store-replay.ts";
import type { Observation } from "../invariants/observation.ts";
import { storeCallOf } from "./store-call.ts";

/** What the store was when an entry had been applied. */
interface StoreMoment {
  readonly revision: number;
  /** The earliest revision that could be read. */
  readonly earliest: number;
  /** The earliest whose changes could be told: what was written last before history was kept is known, and not how. */
  readonly earliestTold: number;
}

interface Applied {
  readonly entry: Entry;
  readonly result: string;
}

/**
 * Every entry that was applied anywhere, in order, with what whoever came first to it answered. What a node had made
 * durable when it crashed, before it had answered, is known once another node comes to it.
 */
export class AppliedLog {
  readonly #applied: Applied[] = [];
  /** Above the first that nobody has answered yet. */
  readonly #ahead = new Map<Index, Applied>();
  #highestIndex: Index = 0;

  /** Up to here, somebody has applied the log. */
  get lastIndex(): Index {
    return this.#applied.length;
  }

  /** The highest that anybody has applied. */
  get highestIndex(): Index {
    return this.#highestIndex;
  }

  observe(observation: Observation): void {
    if (observation.kind !== "applied") return;
    for (const [position, entry] of observation.entries.entries()) {
      this.#highestIndex = Math.max(this.#highestIndex, entry.index);
      if (entry.index <= this.lastIndex || this.#ahead.has(entry.index)) continue;
      this.#ahead.set(entry.index, { entry, result: observation.results[position] ?? "" });
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#ahead.delete(next.entry.index);
      this.#applied.push(next);
    }
  }

  /** False: nobody has answered one of the entries, and who came after it came by a snapshot. */
  get isWhole(): boolean {
    return this.#ahead.size === 0;
  }

  #next(): Applied | undefined {
    return this.#ahead.get(this.lastIndex + 1);
  }

  /** What that made of the store, reckoned by itself from the commands, and from nothing but revisions in the answers. */
  replay(): StoreHistory {
    const written: RevisionWritten[] = [];
    const moments: StoreMoment[] = [{ revision: 1, earliest: 1, earliestTold: 1 }];
    const transactions: Carried[] = [];
    let entries: StoreEntries = new Map();
    let begunAt: number | undefined;
    let [revision, compacted] = [1, 0];
    for (const { entry, result } of this.#applied) {
      for (const [operation, answer] of entry.kind === "command" ? answered(entry.payload, result) : []) {
        if (answer.kind === "raiseApplyVersion" && begunAt === undefined) [begunAt, compacted] = [revision, revision];
        if (answer.kind === "compact") compacted = Math.max(compacted, answer.compactRevision);
        // Whatever else does not move the revision has changed nothing, or has been carried out before.
        if (!("revision" in answer) || answer.revision <= revision) continue;
        const call = storeCallOf(operation);
        const performed = perform(entries, call, revision);
        if (call.kind === "transaction")
          transactions.push({ call, answer: performed.answer, revision: answer.revision });
        [entries, revision] = [performed.entries, answer.revision];
        const changes = [...performed.changed.keys()].map((key) => ({ key, value: performed.entries.get(key)?.value }));
        written.push({ revision, changes });
      }
      const earliest = begunAt === undefined ? revision : compacted;
      const isTold = earliest === 1 || (begunAt !== undefined && earliest > begunAt);
      moments.push({ revision, earliest, earliestTold: isTold ? earliest : earliest + 1 });
    }
    return new StoreHistory(new StoreReplay(written), moments, transactions);
  }
}

/** A transaction that has taken effect, with what one at a time would have answered. */
export interface Carried {
  readonly call: StoreTransaction;
  readonly answer: StoreAnswer;
  readonly revision: number;
}

/** A store at every revision, and which of them was when. */
export class StoreHistory {
  readonly replay: StoreReplay;
  /** In the order in which they took effect. */
  readonly transactions: readonly Carried[];
  readonly #moments: readonly StoreMoment[];

  constructor(replay: StoreReplay, moments: readonly StoreMoment[], transactions: readonly Carried[]) {
    this.replay = replay;
    this.transactions = transactions;
    this.#moments = moments;
  }

  /** After the entry at `index`. */
  at(index: Index): StoreMoment {
    const moment = this.#moments[index];
    if (moment === undefined) throw new Error(`nothing is known of entry ${index}`);
    return moment;
  }
}

function answered(payload: Uint8Array, result: string): readonly (readonly [Operation, Answer])[] {
  const { commandBatch } = fromBinary(EntryEnvelopeSchema, payload);
  const { operations } = fromBinary(CommandBatchSchema, commandBatch);
  const outcome: ApplyResult = JSON.parse(result);
  const answers = outcome.kind === "answers" ? outcome.answers : [];
  return operations.flatMap((operation, position) => {
    const answer = answers[position];
    return answer === undefined ? [] : [[operation, answer] as const];
  });
}
