import type { Lease } from "@raftkv/kv-client";
import type { Finding } from "../history/checkers/facts.ts";
import { checkLeases } from "../history/leases/check-leases.ts";
import type { LeasePromise, LeaseRecord, LeaseRefusal, LeaseSeen } from "../history/leases/lease-record.ts";
import { type LeasedPut, type LeasedTransaction, ownLeaseId, putsDone } from "../history/models/leased-operation.ts";
import type { StoreAnswer } from "../history/models/store-operation.ts";
import { assertPromised } from "../history/replay/assert-promised.ts";
import type { LeaseLife } from "../observed/lease-replay.ts";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Outcome } from "./answered.ts";
import { markOf } from "./draw-transaction.ts";

/** What a leaser asks for. */
export type LeaseAsked =
  | { readonly kind: "grant"; readonly ttlMs: number; readonly id?: number }
  | { readonly kind: "keepAlive" | "revoke"; readonly id: number }
  | LeasedPut
  /** With its mark in it. */
  | LeasedTransaction
  | { readonly kind: "delete" | "get"; readonly key: string }
  | { readonly kind: "look"; readonly id: number; readonly isStrong: boolean }
  | { readonly kind: "list"; readonly isStrong: boolean };

interface Asked {
  readonly client: string;
  readonly asked: LeaseAsked;
  readonly calledAt: number;
  readonly answeredAt: number;
  readonly outcome: Outcome<unknown>;
}

interface LeaseRecordsOptions {
  readonly scheduler: Pick<Scheduler, "nowMs">;
  readonly fastestClock: number;
}

interface Told {
  readonly promises: LeasePromise[];
  readonly refusals: LeaseRefusal[];
  readonly seen: LeaseSeen[];
}

interface Info {
  readonly id: number;
  readonly leftMs: number;
}

/** All that clients were told of leases, and what holders counted on. */
export class LeaseRecords {
  readonly #options: LeaseRecordsOptions;
  readonly #asked: Asked[] = [];
  /** What holders could count on as they were looked at: renewals in the background show in nothing else. */
  readonly #counted = new Map<number, LeasePromise[]>();

  constructor(options: LeaseRecordsOptions) {
    this.#options = options;
  }

  get answered(): number {
    return this.#asked.filter(({ outcome }) => outcome.kind === "answered").length;
  }

  add(asked: Asked): void {
    this.#asked.push(asked);
  }

  /** Whoever holds it may count on `leftMs` more. */
  holds(client: string, { id, ttlMs, leftMs }: Lease): void {
    const { nowMs } = this.#options.scheduler;
    if (leftMs > 0) this.counts(id, { client, calledAt: nowMs + leftMs - ttlMs, answeredAt: nowMs, ttlMs });
  }

  /** Somebody counts on that. */
  counts(id: number, promise: LeasePromise): void {
    const counted = this.#counted.get(id) ?? [];
    this.#counted.set(id, counted);
    if (counted.at(-1)?.calledAt !== promise.calledAt) counted.push(promise);
  }

  /** Throws a `BrokenHistory`. */
  check(history: StoreHistory): void {
    const lives = new Map(history.leases.map((life) => [life.id, life]));
    const told = this.#toldOf(history);
    const records = [...told].flatMap(([id, each]) => {
      const life = lives.get(id);
      return life === undefined ? [] : [recordOf(history, `${id}`, life, each)];
    });
    const clocks = { fastestClock: this.#options.fastestClock };
    assertPromised([
      ...this.#asked.flatMap((asked) => wrongAnswer(history, lives, asked)),
      ...checkLeases([...records, ...this.#ofKeys(history)], clocks),
    ]);
  }

  #toldOf(history: StoreHistory): ReadonlyMap<number, Told> {
    const told = new Map<number, Told>();
    const of = (id: number): Told => {
      const each = told.get(id) ?? { promises: [...(this.#counted.get(id) ?? [])], refusals: [], seen: [] };
      told.set(id, each);
      return each;
    };
    const see = (info: Info, each: Asked, isStrong: boolean) =>
      of(info.id).seen.push(seenOf(history, info, each, isStrong));
    const lives = new Map(history.leases.map((life) => [life.id, life]));
    const refusedFor = refusedForOf(history);
    for (const id of this.#counted.keys()) of(id);
    for (const each of this.#asked) {
      const { asked, outcome } = each;
      const told = { client: each.client, calledAt: each.calledAt, answeredAt: each.answeredAt };
      if (outcome.kind === "answered") {
        const { value } = outcome;
        if (asked.kind === "grant") of(idIn(value)).promises.push({ ...told, ttlMs: asked.ttlMs });
        const ttlMs = asked.kind === "keepAlive" ? lives.get(asked.id)?.ttlMs : undefined;
        if (asked.kind === "keepAlive" && ttlMs !== undefined) of(asked.id).promises.push({ ...told, ttlMs });
        if (asked.kind === "look" && value === null) {
          of(asked.id).seen.push({ ...told, leftMs: undefined, isStrong: asked.isStrong });
        } else if (asked.kind === "look") see(infoIn(value), each, asked.isStrong);
        if (asked.kind === "list" && Array.isArray(value))
          for (const one of value) see(infoIn(one), each, asked.isStrong);
      } else if (outcome.kind === "refused" && outcome.code === "LEASE_NOT_FOUND") {
        const id = asked.kind === "transaction" ? refusedFor.get(markOf(asked)) : leaseIn(asked);
        if (id !== undefined) of(id).refusals.push(told);
      }
    }
    return told;
  }

  /** Keys with a time to live of their own: by their value, which is put once. */
  #ofKeys(history: StoreHistory): readonly LeaseRecord[] {
    const own = new Map(
      history.leases.flatMap((life) => {
        return life.own === undefined ? [] : [[`${life.own.key} ${life.own.revision}`, life] as const];
      }),
    );
    return this.#asked.flatMap(({ asked, outcome, client, calledAt, answeredAt }) => {
      if (outcome.kind !== "answered") return [];
      return putsOf(asked, outcome.value).flatMap(({ key, lease }) => {
        const life = own.get(`${key} ${revisionIn(outcome.value)}`);
        if (typeof lease !== "object" || !("ttlMs" in lease)) return [];
        if (life === undefined || life.ended?.how === "written") return [];
        const promises = [{ client, calledAt, answeredAt, ttlMs: lease.ttlMs }];
        return [recordOf(history, key, life, { promises, refusals: [], seen: [] })];
      });
    });
  }
}

/** Of transactions that were refused because a lease was over, by their marks: which. */
function refusedForOf(history: StoreHistory): ReadonlyMap<string | undefined, number> {
  return new Map(
    history.refused.flatMap(({ call, refusal }) => {
      return refusal.code === "leaseNotFound" ? [[markOf(call), refusal.leaseId] as const] : [];
    }),
  );
}

/** The lease that it names. */
function leaseIn(asked: LeaseAsked): number | undefined {
  if (asked.kind === "put") return typeof asked.lease === "object" && "id" in asked.lease ? asked.lease.id : undefined;
  return "id" in asked ? asked.id : undefined;
}

/** What was put, as the answer tells. */
function putsOf(asked: LeaseAsked, answer: unknown): readonly LeasedPut[] {
  if (asked.kind === "put") return [asked];
  return asked.kind === "transaction" && isTransactionAnswer(answer) ? putsDone(asked, answer) : [];
}

function isTransactionAnswer(value: unknown): value is StoreAnswer {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "transaction";
}

function recordOf(history: StoreHistory, name: string, { ended }: LeaseLife, told: Told): LeaseRecord {
  if (ended === undefined) return { name, ...told, ended };
  const { committedMs, atMs } = history.at(ended.index);
  return {
    name,
    ...told,
    ended: { from: committedMs, at: atMs, how: ended.how === "revoked" ? "revoked" : "expired" },
  };
}

/** An answer comes from an entry that was applied between call and answer: a renewal is one, and so is what a put left. */
function wrongAnswer(history: StoreHistory, lives: ReadonlyMap<number, LeaseLife>, each: Asked): Finding[] {
  const { client, asked, calledAt, answeredAt, outcome } = each;
  const message = wrongWith(history, lives, each);
  if (message === undefined) return [];
  const answer = outcome.kind === "answered" ? outcome.value : outcome;
  const operation = { client, calledAt, answeredAt, call: asked, answer };
  return [{ promise: "lease: what is answered is so", message, operations: [operation] }];
}

function wrongWith(history: StoreHistory, lives: ReadonlyMap<number, LeaseLife>, each: Asked): string | undefined {
  const { asked, outcome } = each;
  if (outcome.kind === "answered") {
    if (asked.kind === "put") return wrongPut(history, asked, revisionIn(outcome.value));
    return asked.kind === "keepAlive" ? wrongRenewal(history, lives, asked.id, each) : undefined;
  }
  const isAbsent = outcome.kind === "refused" && outcome.code === "KEY_NOT_FOUND";
  return isAbsent && asked.kind === "put" ? wrongAbsence(history, asked, each) : undefined;
}

function wrongPut({ replay }: StoreHistory, { key, value, lease }: LeasedPut, revision: number): string | undefined {
  const [before, entry] = [replay.entryAt(key, revision - 1), replay.entryAt(key, revision)];
  if (before === undefined && isKeeping({ value, lease })) return `${key} was not there before revision ${revision}`;
  const leaseId = lease === "kept" ? before?.leaseId : leaseAfter(lease);
  const isSo = entry?.value === (value ?? before?.value) && entry?.leaseId === leaseId;
  return isSo && entry?.modRevision === revision ? undefined : `${key} was not put like this at revision ${revision}`;
}

function leaseAfter(lease: Exclude<LeasedPut["lease"], "kept">): number {
  if (lease === undefined) return 0;
  return "id" in lease ? lease.id : ownLeaseId;
}

/** Whether the key has to be there for it. */
function isKeeping({ value, lease }: Pick<LeasedPut, "value" | "lease">): boolean {
  return value === undefined || lease === "kept";
}

/** There must have been no such key at a moment between call and answer. */
function wrongAbsence(history: StoreHistory, put: LeasedPut, { calledAt, answeredAt }: Asked): string | undefined {
  if (!isKeeping(put)) return `${put.key} was called missing, and need not be there`;
  const { revision: from } = history.at(history.appliedBefore(calledAt));
  const { revision: to } = history.at(history.committedBy(answeredAt));
  const later = history.replay.versionsOf(put.key).filter(({ revision }) => revision > from && revision <= to);
  const wasAbsent = history.replay.entryAt(put.key, from) === undefined || later.some(({ entry }) => !entry);
  return wasAbsent ? undefined : `${put.key} was called missing, and was there from revision ${from} to ${to}`;
}

function wrongRenewal(
  history: StoreHistory,
  lives: ReadonlyMap<number, LeaseLife>,
  id: number,
  { calledAt, answeredAt }: Asked,
): string | undefined {
  const renewals = lives.get(id)?.renewals ?? [];
  const isRenewed = renewals.some((index) => {
    const { atMs } = history.at(index);
    return atMs >= calledAt && atMs <= answeredAt;
  });
  return isRenewed ? undefined : `lease ${id} was not renewed between ${calledAt} and ${answeredAt}`;
}

function seenOf(history: StoreHistory, { id, leftMs }: Info, each: Asked, isStrong: boolean): LeaseSeen {
  const { client, calledAt, answeredAt } = each;
  const life = history.leases.find((one) => one.id === id);
  const [from, to] = [isStrong ? history.appliedBefore(calledAt) : 0, history.committedBy(answeredAt)];
  const told = { client, calledAt, answeredAt, leftMs, isStrong };
  return life === undefined ? told : { ...told, mostLeftMs: mostLeftMs(history, life, from, to) };
}

/** Of all moments from one entry to another. */
function mostLeftMs(history: StoreHistory, { states }: LeaseLife, from: number, to: number): number {
  let most = 0;
  for (const [position, { index, overAtMs }] of states.entries()) {
    const until = (states[position + 1]?.index ?? Number.POSITIVE_INFINITY) - 1;
    if (until < from || index > to) continue;
    most = Math.max(most, overAtMs - 1 - history.at(Math.max(from, index)).clusterTimeMs);
  }
  return most;
}

function idIn(value: unknown): number {
  return typeof value === "object" && value !== null && "id" in value ? Number(value.id) : Number.NaN;
}

function revisionIn(value: unknown): number {
  return typeof value === "object" && value !== null && "revision" in value ? Number(value.revision) : Number.NaN;
}

function infoIn(value: unknown): Info {
  const leftMs = typeof value === "object" && value !== null && "leftMs" in value ? Number(value.leftMs) : Number.NaN;
  return { id: idIn(value), leftMs };
}
