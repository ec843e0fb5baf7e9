import type { Lease, RaftKv } from "@raftkv/kv-client";
import type { LeasedPut } from "../history/models/leased-operation.ts";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { answered, type Outcome } from "./answered.ts";
import { leaseOptionsOf } from "./ask-transaction.ts";
import type { Client } from "./client.ts";
import { drawLease, drawTtlMs } from "./draw-leases.ts";
import type { KeptHistory } from "./kept-history.ts";
import type { LeaseAsked, LeaseRecords } from "./lease-records.ts";

interface LeasersOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
  /** Where what is told of leases is judged. */
  readonly leaseRecords: LeaseRecords;
}

interface LeaserRole {
  readonly name: string;
  readonly chance: Chance;
  readonly kv: () => RaftKv;
  /** With which it has the store come to the version that knows leases. */
  readonly client: Client;
  readonly thinkMs: number;
  /** Leases live for so long at the most. */
  readonly longestTtlMs: number;
  /** Puts that keep the value of their key are among what it does. */
  readonly keepsValues: boolean;
}

/** A lease that a leaser holds. */
interface Holding {
  readonly lease: Lease;
}

/** Keys that only leasers write. */
export const leasedKeys: readonly string[] = ["l/1", "l/2", "l/3", "l/4", "l/5", "l/6"];

const neverGranted = 1_000_000;

/** Clients that grant leases, keep them alive or do not, put keys with them and with times to live, and look at what is left. */
export class Leasers {
  readonly #options: LeasersOptions;
  readonly #records: LeaseRecords;
  /** Of all leasers, the latest ones: each may renew, use and revoke those of others. */
  readonly #ids: number[] = [];
  /** Of keys, what a write or a read has told. */
  readonly #created = new Map<string, number>();
  #chosen = 0;
  #values = 0;

  constructor(options: LeasersOptions) {
    this.#options = options;
    this.#records = options.leaseRecords;
  }

  /** Calls that were answered. */
  get answered(): number {
    return this.#records.answered;
  }

  /** Of a lease that somebody has granted lately; of one that never was as long as nobody has. */
  someId(chance: Chance): number {
    return chance.pick(this.#ids) ?? neverGranted;
  }

  /** Resolves once the work has ended. What is held then is kept alive until its client is closed, or given up. */
  async loop(role: LeaserRole): Promise<void> {
    const { scheduler, kept, ended, breaks } = this.#options;
    const { name, chance, thinkMs } = role;
    await kept.begun(role.client, chance, 4 * thinkMs);
    const held: Holding[] = [];
    try {
      while (!ended()) {
        await scheduler.sleep(chance.exponential(thinkMs));
        for (const { lease } of held) this.#records.holds(name, lease);
        await this.#act(role, held);
      }
      for (const { lease } of held) if (chance.happens(0.5)) void lease[Symbol.asyncDispose]();
    } catch (error) {
      breaks("leases are served", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Throws a `BrokenHistory` where a lease was not what was promised of it. */
  check(history: StoreHistory): void {
    this.#records.check(history);
  }

  async #act(role: LeaserRole, held: Holding[]): Promise<void> {
    const { chance } = role;
    if (role.keepsValues && chance.happens(0.12)) return this.#keepValue(role);
    const draw = chance.next();
    if (draw < 0.12 || this.#ids.length === 0) return this.#grant(role, held);
    if (draw < 0.22) return this.#ttlPut(role);
    const id = this.someId(chance);
    if (draw < 0.42) return this.#putWith(role, id);
    if (draw < 0.54) return this.#keepAlive(role, id, held);
    if (draw < 0.58) return this.#revoke(role, id, held);
    if (draw < 0.66) return this.#plainWrite(role);
    if (draw < 0.72) return this.#fencedPut(role);
    return this.#look(role, id);
  }

  async #grant({ name, chance, kv, longestTtlMs }: LeaserRole, held: Holding[]): Promise<void> {
    const ttlMs = drawTtlMs(chance, longestTtlMs);
    const id = chance.happens(0.5) ? ++this.#chosen : undefined;
    const keepAlive = chance.happens(0.5);
    const asked = { kind: "grant", ttlMs, ...(id !== undefined && { id }) } as const;
    const outcome = await this.#perform(name, asked, () =>
      kv().leases.grant(ttlMs, { keepAlive, ...(id !== undefined && { id }) }),
    );
    if (outcome.kind !== "answered") return;
    held.push({ lease: outcome.value });
    // Only so many, and one that is let go of is kept alive all the same.
    if (held.length > 3) held.shift();
    this.#ids.push(outcome.value.id);
    if (this.#ids.length > 8) this.#ids.shift();
  }

  async #putWith(role: LeaserRole, id: number): Promise<void> {
    const [key, value] = [this.#key(role.chance), this.#value()];
    const keeps = role.chance.happens(0.15);
    await this.#put(role, { kind: "put", key, value, lease: keeps ? "kept" : { id } });
  }

  async #ttlPut(role: LeaserRole): Promise<void> {
    const ttlMs = drawTtlMs(role.chance, role.longestTtlMs);
    await this.#put(role, { kind: "put", key: this.#key(role.chance), value: this.#value(), lease: { ttlMs } });
  }

  /** Takes a key from its lease to another one, or to none, or writes it as it is. */
  async #keepValue(role: LeaserRole): Promise<void> {
    const leases = { longestTtlMs: role.longestTtlMs, someId: (chance: Chance) => this.someId(chance) };
    const [key, lease] = [this.#key(role.chance), drawLease(role.chance, leases)];
    await this.#put(role, { kind: "put", key, value: undefined, lease });
  }

  async #put({ name, kv }: LeaserRole, put: LeasedPut): Promise<void> {
    const options = { ...leaseOptionsOf(put.lease), ...(put.value === undefined && { keepValue: true }) };
    this.#wrote(put.key, await this.#perform(name, put, () => kv().put(put.key, put.value, options)));
  }

  /** Takes a key from its lease. */
  async #plainWrite({ name, chance, kv }: LeaserRole): Promise<void> {
    const [key, value] = [this.#key(chance), this.#value()];
    if (chance.happens(0.3)) await this.#perform(name, { kind: "delete", key }, () => kv().delete(key));
    else this.#wrote(key, await this.#perform(name, { kind: "put", key, value }, () => kv().put(key, value)));
  }

  /** Writes if another key is still the one that was created then. */
  async #fencedPut({ name, chance, kv }: LeaserRole): Promise<void> {
    const [key, value, of] = [this.#key(chance), this.#value(), this.#key(chance)];
    const token = this.#created.get(of);
    if (token === undefined) return;
    const fence = { key: of, token };
    if (chance.happens(0.3)) await this.#perform(name, { kind: "delete", key }, () => kv().delete(key, { fence }));
    else
      this.#wrote(key, await this.#perform(name, { kind: "put", key, value }, () => kv().put(key, value, { fence })));
  }

  async #keepAlive({ name, kv }: LeaserRole, id: number, held: readonly Holding[]): Promise<void> {
    const own = held.find(({ lease }) => lease.id === id)?.lease;
    await this.#perform(name, { kind: "keepAlive", id }, async () => {
      if (own === undefined) return kv().leases.keepAlive(id);
      await own.keepAlive();
      return { ttlMs: own.ttlMs };
    });
  }

  async #revoke({ name, kv }: LeaserRole, id: number, held: Holding[]): Promise<void> {
    const own = held.findIndex(({ lease }) => lease.id === id);
    const [holding] = own < 0 ? [] : held.splice(own, 1);
    await this.#perform(name, { kind: "revoke", id }, () => holding?.lease.revoke() ?? kv().leases.revoke(id));
  }

  async #look({ name, chance, kv }: LeaserRole, id: number): Promise<void> {
    const consistency = chance.happens(0.7) ? "linearizable" : "serializable";
    const isStrong = consistency === "linearizable";
    const draw = chance.next();
    if (draw < 0.5) {
      await this.#perform(
        name,
        { kind: "look", id, isStrong },
        async () => (await kv().leases.get(id, { consistency })) ?? null,
      );
      return;
    }
    if (draw < 0.8) {
      const key = this.#key(chance);
      const outcome = await this.#perform(name, { kind: "get", key }, () => kv().get(key));
      const created = outcome.kind === "answered" ? outcome.value?.createRevision : undefined;
      if (created !== undefined) this.#created.set(key, created);
      return;
    }
    await this.#perform(name, { kind: "list", isStrong }, async () => {
      const listed: { id: number; ttlMs: number; leftMs: number; keyCount: number }[] = [];
      for await (const lease of kv().leases.list({ consistency })) listed.push(lease);
      return listed;
    });
  }

  async #perform<T>(client: string, asked: LeaseAsked, perform: () => Promise<T>): Promise<Outcome<T>> {
    const { scheduler, trace, acknowledged } = this.#options;
    const calledAt = scheduler.nowMs;
    trace.add(`${client}: ${JSON.stringify(asked)}`);
    const outcome = await answered(perform);
    this.#records.add({ client, asked, calledAt, answeredAt: scheduler.nowMs, outcome });
    const told = outcome.kind === "answered" ? outcome.value : undefined;
    if (hasRevision(told)) acknowledged.note(told.revision);
    trace.add(`${client}: ${outcome.kind === "refused" ? outcome.code : outcome.kind}`);
    return outcome;
  }

  #wrote(key: string, outcome: Outcome<{ readonly revision: number }>): void {
    if (outcome.kind === "answered" && !this.#created.has(key)) this.#created.set(key, outcome.value.revision);
  }

  #key(chance: Chance): string {
    return chance.pick(leasedKeys) ?? "l/1";
  }

  #value(): string {
    return `l${++this.#values}`;
  }
}

function hasRevision(value: unknown): value is { readonly revision: number } {
  return typeof value === "object" && value !== null && "revision" in value && typeof value.revision === "number";
}
