import { key, type Leadership, type Lock, type LockOptions, type Permit, type RaftKv, step } from "@raftkv/kv-client";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { answered, type Outcome } from "./answered.ts";
import type { Client } from "./client.ts";
import type { KeptHistory } from "./kept-history.ts";
import { LeaseRecords } from "./lease-records.ts";
import { type LockRecords, leaseOf } from "./lock-records.ts";

/** What is shared by all who lock, whichever way. */
export interface LockersOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  readonly kept: KeptHistory;
  readonly locks: LockRecords;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
  /** The rate of the fastest clock of a node that there may be. */
  readonly fastestClock: number;
}

interface LockerRole {
  readonly name: string;
  readonly chance: Chance;
  /** The client of the one who holds, and any other one: a holder may have others write for it. */
  readonly kv: () => RaftKv;
  readonly anyKv: () => RaftKv;
  /** False: the process of the one who holds stands still. */
  readonly isAwake: () => boolean;
  /** With which it has the store come to the version that knows locks. */
  readonly client: Client;
  readonly thinkMs: number;
  readonly longestTtlMs: number;
  readonly patienceMs: number;
}

type Held = Lock | Leadership | Permit;

/** Something that is held by one at a time, or by a few. */
interface Queue {
  readonly name: string;
  readonly permits: number;
  readonly hold: (kv: RaftKv, options: LockOptions & { readonly ttlMs: number }) => Promise<Held>;
}

const queues: readonly Queue[] = [
  { name: "m/lock", permits: 1, hold: (kv, options) => kv.lock("m/lock", options) },
  { name: "m/other", permits: 1, hold: (kv, options) => kv.lock("m/other", options) },
  { name: "m/election", permits: 1, hold: (kv, options) => kv.election("m/election").campaign("me", options) },
  { name: "m/semaphore", permits: 2, hold: (kv, options) => kv.semaphore("m/semaphore", 2).acquire(options) },
];

/** By so much a timer of a process that is awake may be late, at the most. */
const timerMs = 2;

/**
 * Clients that wait for locks, elections and permits, and write under their fences for as long as they hold, and at times for
 * longer: they stand still, their leases end, and they go on as if nothing had been.
 */
export class Lockers {
  readonly #options: LockersOptions;
  readonly #leases: LeaseRecords;
  #stopping = new AbortController();
  #values = 0;
  #held = 0;

  constructor(options: LockersOptions) {
    this.#options = options;
    this.#leases = new LeaseRecords(options);
  }

  /** How often one was told that it holds. */
  get held(): number {
    return this.#held;
  }

  /** Resolves once the work has ended. */
  async loop(role: LockerRole): Promise<void> {
    const { scheduler, kept, ended, breaks } = this.#options;
    const { name, chance, thinkMs } = role;
    await kept.begun(role.client, chance, 4 * thinkMs);
    try {
      while (!ended()) {
        await scheduler.sleep(chance.exponential(thinkMs));
        const queue = chance.pick(queues.slice(0, 2)) ?? queues[0];
        const other = chance.happens(0.4) ? chance.pick(queues) : queue;
        if (other !== undefined) await this.#hold(role, other);
      }
    } catch (error) {
      breaks("locks are served", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#stopping.abort();
  }

  resume(): void {
    this.#stopping = new AbortController();
  }

  /** Throws a `BrokenHistory` where a lease ended early. */
  check(history: StoreHistory): void {
    this.#leases.check(history);
  }

  async #hold(role: LockerRole, queue: Queue): Promise<void> {
    const { scheduler, trace, locks } = this.#options;
    const { name, chance, kv, longestTtlMs, patienceMs } = role;
    const ttlMs = Math.round(chance.spread(100, Math.max(longestTtlMs, 101)));
    const timeoutMs = Math.ceil(chance.spread(0.2, 5) * patienceMs);
    const [calledAt, { signal }] = [scheduler.nowMs, this.#stopping];
    trace.add(`${name}: waits for ${queue.name}`);
    const outcome = await answered(() => queue.hold(kv(), { ttlMs, timeoutMs, signal }));
    if (outcome.kind !== "answered") {
      trace.add(`${name}: has waited for ${queue.name}: ${outcome.kind === "refused" ? outcome.code : outcome.kind}`);
      return;
    }
    const held = outcome.value;
    const [key, { token }] = [String(held.fence.key), held.fence];
    trace.add(`${name}: holds ${queue.name} by ${token}`);
    const told = { client: name, calledAt, answeredAt: scheduler.nowMs };
    this.#held++;
    const holding = locks.holds(queue.name, queue.permits, { ...told, key, token });
    this.#leases.counts(leaseOf(key), { ...told, ttlMs });
    await this.#use(role, queue, held, ttlMs);
    holding.releasedAt = scheduler.nowMs;
    await answered(() => ("release" in held ? held.release() : held.resign()));
  }

  /** Who is careless goes on when the lock is lost. */
  async #use(role: LockerRole, queue: Queue, held: Held, ttlMs: number): Promise<void> {
    const { name, chance, kv, anyKv, thinkMs, isAwake } = role;
    const { scheduler, ended } = this.#options;
    const isCareless = chance.happens(0.5);
    for (let writes = chance.integer(0, 6); writes > 0 && !ended(); writes--) {
      await scheduler.sleep(chance.exponential(thinkMs) * (chance.happens(0.1) ? 10 : 1));
      if (held.lost.aborted && !isCareless) return;
      const nowMs = scheduler.nowMs;
      // As long as nothing is said to be lost, there was a renewal within the time to live; timers may be a little late.
      if (!held.lost.aborted && isAwake()) {
        this.#leases.counts(leaseOf(String(held.fence.key)), {
          client: name,
          calledAt: nowMs - ttlMs - timerMs,
          answeredAt: nowMs,
          ttlMs,
        });
      }
      await this.#write(name, chance, chance.happens(0.2) ? anyKv() : kv(), queue, held);
    }
  }

  async #write(client: string, chance: Chance, kv: RaftKv, queue: Queue, { fence }: Held): Promise<void> {
    const { scheduler, trace, acknowledged, locks } = this.#options;
    const [one, other, value] = [`${queue.name}-1`, `${queue.name}-2`, `m${++this.#values}`];
    const draw = chance.next();
    const calledAt = scheduler.nowMs;
    const outcome = await answered(async (): Promise<{ readonly revision: number; readonly hasWritten: boolean }> => {
      if (draw < 0.5) return { ...(await kv.put(one, value, { fence })), hasWritten: true };
      if (draw < 0.6) {
        const { revision, deleted } = await kv.delete(one, { fence });
        return { revision, hasWritten: deleted };
      }
      const both = [step.put(one, value), step.put(other, value)];
      const { revision } = await kv.transaction(
        { if: [key(one).exists()], do: both, else: [step.put(one, value)] },
        { fence },
      );
      return { revision, hasWritten: true };
    });
    trace.add(`${client}: has written under ${fence.token}: ${describe(outcome)}`);
    if (outcome.kind === "answered") acknowledged.note(outcome.value.revision);
    const isFenced = outcome.kind === "refused" && outcome.code === "FENCED";
    const revision = outcome.kind === "answered" && outcome.value.hasWritten ? outcome.value.revision : undefined;
    if (revision === undefined && !isFenced) return;
    const { token } = fence;
    const write = { client, key: String(fence.key), token, calledAt, answeredAt: scheduler.nowMs, revision };
    locks.wrote(queue.name, queue.permits, write);
  }
}

function describe(outcome: Outcome<{ readonly revision: number }>): string {
  if (outcome.kind === "answered") return `revision ${outcome.value.revision}`;
  return outcome.kind === "refused" ? outcome.code : "unknown";
}
