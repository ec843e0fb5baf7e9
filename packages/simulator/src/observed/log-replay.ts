import { fromBinary } from "@bufbuild/protobuf";
import type { Answer, ApplyResult } from "@raftkv/kv-server";
import { CommandBatchSchema, EntryEnvelopeSchema, type Fence, type Operation } from "@raftkv/proto/kv";
import { textOf } from "../clients/utf8.ts";
import type { StoreAnswer, StoreCall } from "../history/models/store-operation.ts";
import { type Performed, perform, type StoreEntries } from "../history/models/store-semantics.ts";
import type { RevisionWritten } from "../history/replay/store-replay.ts";
import type { Applied } from "./applied-log.ts";
import { carriedPuts, leaseOfPut } from "./carried-puts.ts";
import { LeaseReplay } from "./lease-replay.ts";
import { storeCallOf } from "./store-call.ts";
import type { Carried, StoreMoment } from "./store-history.ts";

type StepAnswer = Extract<Answer, { kind: "transaction" }>["results"][number];

/** From here on commands have leases and fences. */
const leaseVersion = 3;

/** Answers of a session to what has not been carried out, or has been before. */
const notCarriedOut: ReadonlySet<string> = new Set(["tooManyAnswers", "answerDiscarded", "sessionUnknown"]);

const asOne = "a transaction is carried out as one";

/**
 * Carries out the commands of a log, one at a time, with models that share nothing with the state machine. Of what was
 * answered it takes the revisions of plain writes and the ids of leases; whether leases, fences and their writes were answered
 * as they should have been is for the models to say.
 */
export class LogReplay {
  readonly written: RevisionWritten[] = [];
  readonly moments: StoreMoment[] = [{ revision: 1, earliest: 1, earliestTold: 1, clusterTimeMs: 0, atMs: 0 }];
  readonly transactions: Carried[] = [];
  readonly leases = new LeaseReplay();
  /** What was first not as it should have been; nothing after it is looked at. */
  wrong: { readonly promise: string; readonly message: string } | undefined;
  #entries: StoreEntries = new Map();
  #begunAt: number | undefined;
  #revision = 1;
  #compacted = 0;
  #version = 1;
  #timeMs = 0;
  /** Of sessions, up to where their operations have been carried out. */
  readonly #sequences = new Map<bigint, bigint>();

  /** The next entry. */
  apply({ entry, result, atMs }: Applied): void {
    if (entry.kind === "command") this.#applyCommand(entry.payload, result, entry.index);
    const [revision, begunAt] = [this.#revision, this.#begunAt];
    const earliest = begunAt === undefined ? revision : this.#compacted;
    const isTold = earliest === 1 || (begunAt !== undefined && earliest > begunAt);
    const earliestTold = isTold ? earliest : earliest + 1;
    const latestMs = Math.max(atMs, this.moments.at(-1)?.atMs ?? 0);
    this.moments.push({ revision, earliest, earliestTold, clusterTimeMs: this.#timeMs, atMs: latestMs });
  }

  #applyCommand(payload: Uint8Array, result: string, index: number): void {
    const { clusterTimeMs, commandBatch } = fromBinary(EntryEnvelopeSchema, payload);
    const { sessionId, firstSequence, operations } = fromBinary(CommandBatchSchema, commandBatch);
    const outcome: ApplyResult = JSON.parse(result);
    this.#timeMs = Math.max(this.#timeMs, Number(clusterTimeMs));
    this.leases.begin(index, this.#timeMs);
    const answers = outcome.kind === "answers" ? outcome.answers : [];
    for (const [position, operation] of operations.entries()) {
      const answer = answers[position];
      if (answer === undefined || !this.#isFirst(sessionId, firstSequence + BigInt(position), answer)) continue;
      this.#carryOut(operation, answer);
    }
  }

  /** False: the answer is the one that was kept from before, or says that nothing was done. */
  #isFirst(sessionId: bigint, sequence: bigint, answer: Answer): boolean {
    if (sessionId === 0n) return true;
    if (answer.kind === "refused" && notCarriedOut.has(answer.code)) return false;
    if (sequence <= (this.#sequences.get(sessionId) ?? 0n)) return false;
    this.#sequences.set(sessionId, sequence);
    return true;
  }

  #carryOut({ operation, fence }: Operation, answer: Answer): void {
    if (answer.kind === "raiseApplyVersion") {
      this.#version = answer.applyVersion;
      if (this.#begunAt === undefined) [this.#begunAt, this.#compacted] = [this.#revision, this.#revision];
    }
    if (answer.kind === "compact") this.#compacted = Math.max(this.#compacted, answer.compactRevision);
    if (this.#version < leaseVersion) {
      this.#write(operation, answer, () => undefined);
      return;
    }
    if (fence !== undefined && this.#isFenced(fence, operation.case, answer)) return;
    switch (operation.case) {
      case "grantLease":
        this.#judgeLeases(this.leases.grant(Number(operation.value.leaseId), Number(operation.value.ttlMs), answer));
        return;
      case "keepLeaseAlive":
        this.#judgeLeases(this.leases.keepAlive(Number(operation.value.leaseId), answer));
        return;
      case "revokeLease":
        this.#judgeLeases(this.leases.revoke(Number(operation.value.leaseId), answer, (keys) => this.#delete(keys)));
        return;
      case "expireLeases":
        this.#judgeLeases(this.leases.expire(answer, (keys) => this.#delete(keys)));
        return;
      case "put": {
        const put = leaseOfPut(operation.value);
        const wrong = this.leases.wrongPut(put, answer);
        if (wrong !== undefined) this.#judgeLeases(wrong);
        else this.#write(operation, answer, (revision) => this.leases.put(put, revision));
        return;
      }
      case "transaction": {
        const performed = perform(this.#entries, this.#callOf(operation), this.#revision);
        const puts = new Map(carriedPuts(operation.value, performed.answer).map((put) => [put.key, put]));
        const wrong = this.leases.wrongPuts([...puts.values()], answer);
        const leaseOf = (revision: number, key: string) => {
          const put = puts.get(key);
          return put && this.leases.put(put, revision);
        };
        if (wrong !== undefined) this.#judgeLeases(wrong);
        else this.#write(operation, answer, leaseOf);
        return;
      }
      default:
        this.#write(operation, answer, () => undefined);
    }
  }

  /** Whether the operation is refused for its fence. */
  #isFenced({ key, token }: Fence, what: string | undefined, answer: Answer): boolean {
    const isHeld = this.#entries.get(textOf(key))?.createRevision === Number(token);
    if (answer.kind !== "refused") {
      if (!isHeld) this.#breaks("a fence holds", `a ${what} took effect under a fence of ${token}, which is not held`);
      return !isHeld;
    }
    if (answer.code === "fenced" && isHeld) {
      this.#breaks("a fence holds", `a ${what} was refused under a fence of ${token}, which is held`);
    }
    return true;
  }

  /** Whatever does not move the revision has changed nothing, or has been carried out before. */
  #write(
    operation: Operation["operation"],
    answer: Answer,
    leaseOf: (revision: number, key: string) => ReturnType<LeaseReplay["put"]>,
  ): void {
    if (!("revision" in answer) || answer.revision <= this.#revision) return;
    const call = this.#callOf(operation);
    const performed = perform(this.#entries, call, this.#revision);
    for (const key of performed.changed.keys()) {
      this.leases.keyWritten(key, performed.entries.has(key) ? leaseOf(answer.revision, key) : undefined);
    }
    if (call.kind === "transaction") {
      const [told, expected] = [toldOf(answer), modelToldOf(performed.answer)];
      if (told !== expected) this.#breaks(asOne, `a transaction did ${told}, and should have done ${expected}`);
      this.transactions.push({ call, answer: performed.answer, revision: answer.revision });
    }
    this.#becomes(performed, answer.revision);
  }

  #callOf(operation: Operation["operation"]): StoreCall {
    return storeCallOf({ operation }, (key) => this.#entries.get(key)?.value);
  }

  /** The keys of a lease that ends: at one revision. Returns it. */
  #delete(keys: readonly string[]): number {
    if (keys.length === 0) return this.#revision;
    const steps = keys.map((key): StoreCall => ({ kind: "delete", key }));
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
    const call: StoreCall = { kind: "transaction", compare: [], then: steps, else: [] };
    this.#becomes(perform(this.#entries, call, this.#revision), this.#revision + 1);
    return this.#revision;
  }

  #becomes({ entries, changed }: Performed, revision: number): void {
    [this.#entries, this.#revision] = [entries, revision];
    this.written.push({
      revision,
      changes: [...changed.keys()].map((key) => ({ key, value: entries.get(key)?.value })),
    });
  }

  #judgeLeases(wrong: string | undefined): void {
    if (wrong !== undefined) this.#breaks("leases are what their commands make of them", wrong);
  }

  #breaks(promise: string, message: string): void {
    this.wrong ??= { promise, message: `${message}, at revision ${this.#revision} and cluster time ${this.#timeMs}` };
  }
}

/** Which way a transaction went, and how much it has deleted and found on it. */
function toldOf(answer: Answer | StepAnswer): string {
  switch (answer.kind) {
    case "transaction":
      return `${answer.succeeded ? "then" : "else"}(${answer.results.map(toldOf).join(" ")})`;
    case "delete":
    case "deleteRange":
      return `delete ${Number(answer.deleted)}`;
    case "range":
      return `range ${answer.count}`;
    default:
      return answer.kind;
  }
}

/** The same of what a model has answered. */
function modelToldOf(answer: StoreAnswer): string {
  switch (answer.kind) {
    case "transaction":
      return `${answer.succeeded ? "then" : "else"}(${answer.answers.map(modelToldOf).join(" ")})`;
    case "delete":
      return `delete ${answer.deleted}`;
    case "range":
      return `range ${answer.count}`;
    default:
      return answer.kind;
  }
}
