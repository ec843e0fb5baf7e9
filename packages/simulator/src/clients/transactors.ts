import { type Fence, type RaftKv, RaftKvError } from "@raftkv/kv-client";
import type { Finding } from "../history/checkers/facts.ts";
import type { StoreAnswer, StoreTransaction } from "../history/models/store-operation.ts";
import { assertPromised } from "../history/replay/assert-promised.ts";
import type { Carried, StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { askTransaction, type TransactionAnswer } from "./ask-transaction.ts";
import type { Client } from "./client.ts";
import { drawFence, drawRichTransaction } from "./draw-rich-transaction.ts";
import { drawTransaction, markKey } from "./draw-transaction.ts";
import type { KeptHistory } from "./kept-history.ts";

interface TransactorsOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
}

interface TransactorRole {
  readonly name: string;
  readonly chance: Chance;
  readonly kv: () => RaftKv;
  /** With which it has the store come to the version that knows transactions. */
  readonly client: Client;
  readonly thinkMs: number;
  /** Nested, with values and ranges compared, and fences. */
  readonly isRich: boolean;
}

/** What became of one: an answer, certainly nothing, or nobody knows. */
interface Asked {
  readonly client: string;
  readonly call: StoreTransaction;
  readonly mark: string;
  readonly calledAt: number;
  readonly answeredAt: number;
  readonly outcome: TransactionAnswer | "nothing" | "unknown";
  /** The latest revision that anybody had been told of when it was called. */
  readonly known: number;
}

const promise = "a transaction is carried out as one, once";

/** Clients that write several keys at once, if what they know of others holds. */
export class Transactors {
  readonly #options: TransactorsOptions;
  readonly #asked: Asked[] = [];
  /** Of keys, as last seen. */
  readonly #created = new Map<string, number>();
  #marks = 0;

  constructor(options: TransactorsOptions) {
    this.#options = options;
  }

  /** Transactions that were answered. */
  get answered(): number {
    return this.#asked.filter(({ outcome }) => typeof outcome === "object").length;
  }

  async loop({ name, chance, kv, client, thinkMs, isRich }: TransactorRole): Promise<void> {
    const { scheduler, trace, acknowledged, kept, ended, breaks } = this.#options;
    await kept.begun(client, chance, 4 * thinkMs);
    while (!ended()) {
      await scheduler.sleep(chance.exponential(thinkMs));
      const [mark, known] = [`x${++this.#marks}`, acknowledged.latest];
      const draw = isRich ? drawRichTransaction : drawTransaction;
      const call = draw(chance, mark, known);
      const fence = isRich ? drawFence(chance, this.#created) : undefined;
      const calledAt = scheduler.nowMs;
      trace.add(`${name}: ${JSON.stringify(call)}${fence === undefined ? "" : ` under ${JSON.stringify(fence)}`}`);
      try {
        const outcome = await outcomeOf(kv(), call, fence);
        if (typeof outcome === "object")
          for (const entry of entriesIn(outcome)) this.#created.set(entry.key, entry.createRevision);
        if (typeof outcome === "object") acknowledged.note(outcome.revision ?? 0);
        this.#asked.push({ client: name, call, mark, calledAt, answeredAt: scheduler.nowMs, outcome, known });
        trace.add(`${name}: ${JSON.stringify(outcome)}`);
      } catch (error) {
        breaks(promise, `${name}: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
  }

  /** Throws a `BrokenHistory` where an answer is not what one at a time would have given. */
  check(history: StoreHistory): void {
    const carried = Map.groupBy(history.transactions, markOf);
    assertPromised(this.#asked.flatMap((asked) => findingOf(asked, carried.get(asked.mark) ?? [])));
  }
}

async function outcomeOf(kv: RaftKv, call: StoreTransaction, fence: Fence | undefined): Promise<Asked["outcome"]> {
  try {
    return await askTransaction(kv, call, fence);
  } catch (error) {
    const isUnexpected = !(error instanceof RaftKvError) || ["INTERNAL", "INVALID_ARGUMENT"].includes(error.code);
    if (isUnexpected) throw error;
    return error.outcomeUnknown ? "unknown" : "nothing";
  }
}

function entriesIn(answer: StoreAnswer): readonly { readonly key: string; readonly createRevision: number }[] {
  if (answer.kind === "transaction") return answer.answers.flatMap(entriesIn);
  const entries = answer.kind === "get" ? [answer.entry] : answer.kind === "range" ? answer.entries : [];
  return entries.flatMap((entry) => {
    return entry?.createRevision === undefined ? [] : [{ key: entry.key, createRevision: entry.createRevision }];
  });
}

function markOf({ call }: Carried): string | undefined {
  const mark = [...call.then, ...call.else].find((step) => step.kind === "put" && step.key === markKey);
  return mark?.kind === "put" ? mark.value : undefined;
}

function findingOf(
  { client, call, calledAt, answeredAt, outcome, known }: Asked,
  carried: readonly Carried[],
): Finding[] {
  const answer = typeof outcome === "object" ? outcome : undefined;
  const message = wrongWith(outcome, known, carried);
  if (message === undefined) return [];
  return [{ promise, message, operations: [{ client, calledAt, answeredAt, call, answer }] }];
}

function wrongWith(outcome: Asked["outcome"], known: number, carried: readonly Carried[]): string | undefined {
  const at = carried.map(({ revision }) => revision);
  if (at.length > 1) return `took effect at revisions ${at.join(" and ")}`;
  const [only] = carried;
  if (outcome === "unknown") return undefined;
  if (outcome === "nothing") return only && `was called undone, and took effect at revision ${only.revision}`;
  if (only === undefined) return "was answered, and has not taken effect";
  if (only.revision !== outcome.revision) return `took effect at revision ${only.revision}`;
  if (only.revision <= known) return `took effect at ${only.revision}, though ${known} was known before it was called`;
  const [expected, told] = [withoutRevisions(only.answer), withoutRevisions(outcome)];
  return expected === told ? undefined : `should have been answered with ${expected}, and was with ${told}`;
}

/** The steps' own revisions are the transaction's. */
function withoutRevisions(answer: Carried["answer"]): string {
  if (answer.kind !== "transaction") return "";
  const steps = answer.answers.map((each) =>
    each.kind === "transaction" ? withoutRevisions(each) : { ...each, revision: undefined },
  );
  return JSON.stringify({ succeeded: answer.succeeded, steps });
}
