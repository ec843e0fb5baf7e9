import { fromBinary } from "@bufbuild/protobuf";
import type { Answer, ApplyResult } from "@raftkv/kv-server";
import { CommandBatchSchema, EntryEnvelopeSchema, type Fence, type Operation } from "@raftkv/proto/kv";
import { textOf } from "../clients/utf8.ts";
import type { LeaseRefusal } from "../history/models/leased-operation.ts";
import type { StoreAnswer, StoreCall } from "../history/models/store-operation.ts";
import {
  type Performed,
  type PerformedLeased,
  perform,
  performLeased,
  type StoreEntries,
} from "../history/models/store-semantics.ts";
import type { RevisionWritten } from "../history/replay/store-replay.ts";
import type { Applied } from "./applied-log.ts";
import { LeaseReplay } from "./lease-replay.ts";
import { storeCallOf } from "./store-call.ts";
import type { Carried, Refused, StoreMoment } from "./store-history.ts";

type StepAnswer = Extract<Answer, { kind: "transaction" }>["results"][number];

/** From here on commands have leases and fences. */
const leaseVersion = 3;

/** Answers of a session to what has not been carried out, or has been before. */
const notCarriedOut: ReadonlySet<string> = new Set(["tooManyAnswers", "answerDiscarded", "sessionUnknown"]);

/** Answers to what cannot be carried out because of leases, and of what is to be kept. */
const refusals: ReadonlySet<string> = new Set<LeaseRefusal["code"]>(["leaseNotFound", "keyNotFound"]);

const asOne = "a transaction is carried out as one";

/**
 * Carries out the commands of a log, one at a time, with models that share nothing with the state machine. Of what was
 * answered it takes the revisions of plain writes and the ids of leases; whether leases, fences and their writes were answered
 * as they should have been is for the models to say.
 */
export class LogReplay {
  readonly written: RevisionWritten[] = [];
  readonly moments: StoreMoment[] = [
    { revision: 1, earliest: 1, earliestTold: 1, clusterTimeMs: 0, atMs: 0, committedMs: 0 },
  ];
  readonly transactions: Carried[] = [];
  readonly refused: Refused[] = [];
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
  apply({ entry, result, atMs, committedMs }: Applied): void {
    if (entry.kind === "command") this.#applyCommand(entry.payload, result, entry.index);
    const [revision, begunAt] = [this.#revision, this.#begunAt];
    const earliest = begunAt === undefined ? revision : this.#compacted;
    const isTold = earliest === 1 || (begunAt !== undefined && earliest > begunAt);
    const earliestTold = isTold ? earliest : earliest + 1;
    const latestMs = Math.max(atMs, this.moments.at(-1)?.atMs ?? 0);
    const times = { clusterTimeMs: this.#timeMs, atMs: latestMs, committedMs };
    this.moments.push({ revision, earliest, earliestTold, ...times });
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
    const hasLeases = this.#version >= leaseVersion;
    if (hasLeases && fence !== undefined && this.#isFenced(fence, operation.case, answer)) return;
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
      case "put":
      case "delete":
      case "deleteRange":
      case "transaction":
        this.#write(operation, answer);
        return;
      default:
        return;
    }
  }

  /** Whether the operation is refused for its fence. */
  #isFenced({ key, token }: Fence, what: string | undefined, answer: Answer): boolean {
    const isHeld = this.#entries.get(textOf(key))?.createRevision === Number(token);
    if (answer.kind !== "refused") {
      if (!isHeld) this.#breaks("a fence holds", `a ${what} took effect under a fence of ${token}, which is not held`);
      return !isHeld;
    }
    const isFenced = answer.code === "fenced";
    if (isFenced && isHeld) {
      this.#breaks("a fence holds", `a ${what} was refused under a fence of ${token}, which is held`);
    }
    if (refusals.has(answer.code) && !isHeld) {
      this.#breaks("a fence holds", `a ${what} was refused as ${answer.code} under ${token}, which is not held`);
    }
    return isFenced || !isHeld;
  }

  /** Whatever does not move the revision has changed nothing, or has been carried out before. */
  #write(operation: Operation["operation"], answer: Answer): void {
    const isRefused = answer.kind === "refused";
    if (!isRefused && !("revision" in answer && answer.revision > this.#revision)) return;
    const call = storeCallOf({ operation });
    const performed = performLeased(this.#entries, call, this.#revision, (id) => this.leases.isAlive(id));
    if (isRefused || "refusal" in performed) {
      const refusal = "refusal" in performed ? performed.refusal : undefined;
      this.#judgeLeases(wrongRefusal(call.kind, answer, refusal));
      if (call.kind === "transaction" && refusal !== undefined) this.refused.push({ call, refusal });
      return;
    }
    this.leases.written(performed, answer.revision);
    if (call.kind === "transaction") this.#judgeTransaction(call, performed, answer);
    this.#becomes(performed, answer.revision);
  }

  #judgeTransaction(call: Carried["call"], performed: PerformedLeased, answer: Answer & { revision: number }): void {
    const [told, expected] = [toldOf(answer), modelToldOf(performed.answer)];
    if (told !== expected) this.#breaks(asOne, `a transaction did ${told}, and should have done ${expected}`);
    this.transactions.push({ call, answer: performed.answer, revision: answer.revision });
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
      changes: [...changed.keys()].map((key) => {
        const { value, leaseId } = entries.get(key) ?? {};
        return { key, value, leaseId };
      }),
    });
  }

  #judgeLeases(wrong: string | undefined): void {
    if (wrong !== undefined) this.#breaks("leases are what their commands make of them", wrong);
  }

  #breaks(promise: string, message: string): void {
    this.wrong ??= { promise, message: `${message}, at revision ${this.#revision} and cluster time ${this.#timeMs}` };
  }
}

/** Where something else was in the way, nobody can say more. */
function wrongRefusal(what: string, answer: Answer, refusal: LeaseRefusal | undefined): string | undefined {
  const because = refusal === undefined ? "nothing was in its way" : describeRefusal(refusal);
  if (answer.kind !== "refused") return `a ${what} took effect, and ${because}`;
  const isRight = !refusals.has(answer.code) || answer.code === refusal?.code;
  return isRight ? undefined : `a ${what} was refused as ${answer.code}, and ${because}`;
}

function describeRefusal(refusal: LeaseRefusal): string {
  return refusal.code === "leaseNotFound"
    ? `lease ${refusal.leaseId} is over`
    : `${refusal.key}, which is to keep what it has, is not there`;
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
