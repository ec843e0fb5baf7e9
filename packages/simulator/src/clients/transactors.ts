import type { RaftKv, RaftKvErrorCode } from "@raftkv/kv-client";
import type { Finding } from "../history/checkers/facts.ts";
import {
  comparisonsIn,
  type LeasedComparison,
  type LeasedTransaction,
  putsIn,
} from "../history/models/leased-operation.ts";
import type { StoreAnswer, StoreEntry } from "../history/models/store-operation.ts";
import { assertPromised } from "../history/replay/assert-promised.ts";
import type { Carried, Refused, StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { answered, type Outcome } from "./answered.ts";
import { askTransaction, type TransactionAnswer } from "./ask-transaction.ts";
import type { Client } from "./client.ts";
import type { LeaseSource } from "./draw-leases.ts";
import { drawFence, drawRichTransaction } from "./draw-rich-transaction.ts";
import { drawTransaction, markOf } from "./draw-transaction.ts";
import type { KeptHistory } from "./kept-history.ts";
import type { LeaseRecords } from "./lease-records.ts";

interface TransactorsOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
  /** Where what is told of leases is judged. */
  readonly leaseRecords: LeaseRecords;
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
  /** From which those that are rich put with leases, and compare them; undefined: they do not. */
  readonly leases: LeaseSource | undefined;
}

interface Asked {
  readonly client: string;
  readonly call: LeasedTransaction;
  readonly mark: string;
  readonly calledAt: number;
  readonly answeredAt: number;
  readonly outcome: Outcome<TransactionAnswer & { readonly revision: number }>;
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
  readonly #leases = new Map<string, number>();
  #marks = 0;

  constructor(options: TransactorsOptions) {
    this.#options = options;
  }

  /** Transactions that were answered. */
  get answered(): number {
    return this.#asked.filter(({ outcome }) => outcome.kind === "answered").length;
  }

  async loop(role: TransactorRole): Promise<void> {
    const { scheduler, kept, ended, breaks } = this.#options;
    const { name, chance, client, thinkMs } = role;
    await kept.begun(client, chance, 4 * thinkMs);
    try {
      while (!ended()) {
        await scheduler.sleep(chance.exponential(thinkMs));
        await this.#transact(role);
      }
    } catch (error) {
      breaks(promise, `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Throws a `BrokenHistory` where an answer is not what one at a time would have given. */
  check(history: StoreHistory): void {
    const carried = Map.groupBy(history.transactions, ({ call }) => markOf(call));
    const refused = Map.groupBy(history.refused, ({ call }) => markOf(call));
    assertPromised(
      this.#asked.flatMap((asked) => {
        const { mark } = asked;
        return findingOf(asked, { carried: carried.get(mark) ?? [], refused: refused.get(mark) ?? [] });
      }),
    );
  }

  async #transact({ name, chance, kv, isRich, leases }: TransactorRole): Promise<void> {
    const { scheduler, trace, acknowledged } = this.#options;
    const [mark, known] = [`x${++this.#marks}`, acknowledged.latest];
    const lastSeen = (key: string) => this.#leases.get(key);
    const knownLeases = leases && { ...leases, lastSeen };
    const draw = isRich ? drawRichTransaction : drawTransaction;
    const call = draw(chance, mark, known, knownLeases);
    const fence = isRich ? drawFence(chance, this.#created) : undefined;
    const calledAt = scheduler.nowMs;
    trace.add(`${name}: ${JSON.stringify(call)}${fence === undefined ? "" : ` under ${JSON.stringify(fence)}`}`);
    const outcome = await answered(() => askTransaction(kv(), call, fence));
    const asked = { client: name, call, mark, calledAt, answeredAt: scheduler.nowMs, outcome, known };
    this.#asked.push(asked);
    if (leases !== undefined) this.#options.leaseRecords.add({ ...asked, asked: call });
    if (outcome.kind !== "answered") {
      trace.add(`${name}: ${outcome.kind === "refused" ? outcome.code : outcome.kind}`);
      return;
    }
    this.#see(outcome.value);
    acknowledged.note(outcome.value.revision);
    trace.add(`${name}: ${JSON.stringify(outcome.value)}`);
  }

  #see(answer: StoreAnswer): void {
    for (const { key, createRevision, leaseId } of entriesIn(answer)) {
      if (createRevision !== undefined) this.#created.set(key, createRevision);
      if (leaseId !== undefined) this.#leases.set(key, leaseId);
    }
  }
}

function entriesIn(answer: StoreAnswer): readonly StoreEntry[] {
  if (answer.kind === "transaction") return answer.answers.flatMap(entriesIn);
  const entries = answer.kind === "get" ? [answer.entry] : answer.kind === "range" ? answer.entries : [];
  return entries.flatMap((entry) => entry ?? []);
}

/** What became of one, as the log tells. */
interface Decided {
  readonly carried: readonly Carried[];
  readonly refused: readonly Refused[];
}

function findingOf(asked: Asked, decided: Decided): Finding[] {
  const { client, call, calledAt, answeredAt, outcome } = asked;
  const answer = outcome.kind === "answered" ? outcome.value : undefined;
  const message = wrongWith(asked, decided);
  if (message === undefined) return [];
  return [{ promise, message, operations: [{ client, calledAt, answeredAt, call, answer }] }];
}

function wrongWith({ call, outcome, known }: Asked, { carried, refused }: Decided): string | undefined {
  const at = carried.map(({ revision }) => revision);
  if (at.length > 1) return `took effect at revisions ${at.join(" and ")}`;
  const [only] = carried;
  if (outcome.kind === "unknown") return undefined;
  if (outcome.kind === "refused") {
    return only === undefined
      ? wrongRefusal(outcome.code, refused)
      : `was called undone, and took effect at revision ${only.revision}`;
  }
  if (only === undefined) return "was answered, and has not taken effect";
  if (only.revision !== outcome.value.revision) return `took effect at revision ${only.revision}`;
  if (only.revision <= known) return `took effect at ${only.revision}, though ${known} was known before it was called`;
  const [asked, done] = [askedText(call), askedText(only.call)];
  if (asked !== done) return `stands in the log as ${done}, and should as ${asked}`;
  const [expected, told] = [withoutRevisions(only.answer), withoutRevisions(outcome.value)];
  return expected === told ? undefined : `should have been answered with ${expected}, and was with ${told}`;
}

/** As the log calls what clients are told. */
const codes: ReadonlyMap<RaftKvErrorCode, Refused["refusal"]["code"]> = new Map([
  ["LEASE_NOT_FOUND", "leaseNotFound"],
  ["KEY_NOT_FOUND", "keyNotFound"],
]);

function wrongRefusal(told: RaftKvErrorCode, refused: readonly Refused[]): string | undefined {
  const code = codes.get(told);
  if (code === undefined || refused.some(({ refusal }) => refusal.code === code)) return undefined;
  return `was refused as ${told}, and nothing was in its way`;
}

/** What it compares and puts: the same for what was asked and for what stands in the log, where it was not changed on the way. */
function askedText(call: LeasedTransaction): string {
  const puts = putsIn(call).map(({ key, value, lease }) => ({ key, value, lease }));
  const compared = comparisonsIn(call).map(({ key, rangeEnd, target, is, to }) => ({ key, rangeEnd, target, is, to }));
  // In the log another one asks whether there is a key, beside each whose value must not be so.
  const isAdded = ({ target, is, to }: LeasedComparison) => target === "version" && is === ">" && to === 0;
  return JSON.stringify({ puts, compared: compared.filter((each) => !isAdded(each)) });
}

/** The steps' own revisions are the transaction's. */
function withoutRevisions(answer: Carried["answer"]): string {
  if (answer.kind !== "transaction") return "";
  const steps = answer.answers.map((each) =>
    each.kind === "transaction" ? withoutRevisions(each) : { ...each, revision: undefined },
  );
  return JSON.stringify({ succeeded: answer.succeeded, steps });
}
