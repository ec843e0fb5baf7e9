import { ErrorCode } from "@raftkv/proto/kv";
import type { StoreHistory } from "../observed/store-history.ts";
import type { ServiceLockersPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Client } from "./client.ts";
import { LeaderRecords, type LeadersTold, type LeaderTold } from "./leader-records.ts";
import { LeaseRecords } from "./lease-records.ts";
import { type At, LockCalls, type Turn } from "./lock-calls.ts";
import type { Holding } from "./lock-records.ts";
import type { LockersOptions } from "./lockers.ts";
import type { ServiceCalls, ServiceOutcome } from "./service-calls.ts";
import { ServiceLease } from "./service-lease.ts";

interface ServiceLockerRole {
  readonly name: string;
  readonly chance: Chance;
  readonly calls: ServiceCalls;
  /** With which it has the store come to the version that knows locks. */
  readonly client: Client;
  readonly plan: ServiceLockersPlan;
  readonly patienceMs: number;
}

/** Real clients wait in the same. */
const queues = ["m/lock", "m/other", "m/election"] as const;

/** One lease, and what it is to hold. */
interface Stay {
  readonly name: string;
  readonly chance: Chance;
  readonly calls: LockCalls;
  readonly queue: string;
  readonly lease: ServiceLease;
  /** What it was told of, as often as it was. */
  readonly holdings: Holding[];
  /** By `ElectionService`, or by `LockService`. */
  readonly campaigns: boolean;
  readonly thinkMs: number;
  readonly patienceMs: number;
}

/**
 * Clients that lock by `LockService` and `ElectionService`, with leases that they grant and keep alive by calls of their own. They
 * go away while they wait, ask again with the same lease, write under their fence, and leave in order, by their lease, or not at all.
 */
export class ServiceLockers {
  readonly #options: LockersOptions;
  readonly #leases: LeaseRecords;
  readonly #leaders = new LeaderRecords();
  #held = 0;
  #values = 0;

  constructor(options: LockersOptions) {
    this.#options = options;
    this.#leases = new LeaseRecords(options);
  }

  /** How often one was told that it holds. */
  get held(): number {
    return this.#held;
  }

  /** How often one was told who leads. */
  get leadersTold(): number {
    return this.#leaders.told;
  }

  /** Resolves once the work has ended. */
  async loop(role: ServiceLockerRole): Promise<void> {
    const { scheduler, kept, ended, breaks } = this.#options;
    const { name, chance, client, plan } = role;
    await kept.begun(client, chance, 4 * plan.thinkMs);
    try {
      while (!ended()) {
        await scheduler.sleep(chance.exponential(plan.thinkMs));
        if (chance.happens(0.15)) await this.#observe(role);
        else await this.#stay(role);
      }
    } catch (error) {
      breaks("locks are served", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Throws a `BrokenHistory` where a lease ended early, or somebody was told of a leader who was none. */
  check(history: StoreHistory): void {
    this.#leases.check(history);
    this.#leaders.check(history);
  }

  /** From the grant of a lease to when it lets go of it, or forgets it. */
  async #stay({ name, chance, calls, plan, patienceMs }: ServiceLockerRole): Promise<void> {
    const { scheduler, trace } = this.#options;
    const ttlMs = Math.round(chance.spread(100, Math.max(plan.longestTtlMs, 101)));
    const lease = await ServiceLease.grant({ name, calls, records: this.#leases, scheduler, trace }, ttlMs);
    if (lease === undefined) return;
    const queue = chance.pick(chance.happens(0.7) ? queues.slice(0, 1) : queues) ?? queues[0];
    const campaigns = chance.happens(queue === "m/election" ? 0.9 : 0.2);
    const { thinkMs } = plan;
    const stay: Stay = {
      name,
      chance,
      calls: new LockCalls(calls, chance.happens(0.5)),
      queue,
      lease,
      holdings: [],
      campaigns,
      thinkMs,
      patienceMs,
    };
    const kept = chance.happens(0.75) ? lease.keep() : undefined;
    try {
      const turn = await this.#turn(stay);
      if (turn !== undefined) await this.#hold(stay, turn);
      if (chance.happens(0.3)) await lease.revoke();
    } finally {
      lease.letGo();
    }
    await kept;
  }

  /** Undefined: it has given up. Its place may be there for as long as its lease. */
  async #turn(stay: Stay): Promise<Turn | undefined> {
    const { chance, lease, queue } = stay;
    for (let tries = chance.integer(1, 4); tries > 0 && !this.#options.ended(); tries--) {
      const outcome = await this.#ask(stay);
      if (outcome.kind === "answered") return outcome.value;
      if (outcome.kind === "refused" && outcome.code !== ErrorCode.RESOURCE_EXHAUSTED) return undefined;
    }
    if (chance.happens(0.3)) await stay.calls.unlock({ key: `${queue}/${lease.id.toString(16)}`, token: 0 });
    return undefined;
  }

  /** Asks with its lease, for the first time or again. Now and then it goes away while the node lets it wait. */
  async #ask({ name, chance, calls, queue, lease, campaigns, patienceMs }: Stay): Promise<ServiceOutcome<Turn>> {
    const { trace, acknowledged } = this.#options;
    const deadlineMs = Math.ceil(chance.spread(0.1, 3) * patienceMs);
    const goesAway = chance.happens(0.3);
    const waiting = { deadlineMs, patienceMs: goesAway ? chance.between(0.05, 1) * deadlineMs : deadlineMs };
    const value = campaigns ? this.#value() : undefined;
    trace.add(`${name}: ${campaigns ? "campaigns" : "asks"} for ${queue} by lease ${lease.id}`);
    const outcome = await calls.turn({ queue, lease: lease.id, value }, waiting);
    trace.add(`${name}: ${describe(outcome)}${outcome.kind === "answered" ? `: holds by ${outcome.value.token}` : ""}`);
    if (outcome.kind === "answered") acknowledged.note(outcome.value.revision);
    return outcome;
  }

  /** Who is careless goes on when its lease is over. */
  async #hold(stay: Stay, turn: Turn): Promise<void> {
    const { scheduler, ended } = this.#options;
    const { chance, lease, thinkMs } = stay;
    this.#holds(stay, turn);
    const isCareless = chance.happens(0.5);
    for (let acts = chance.integer(0, 6); acts > 0 && !ended(); acts--) {
      await scheduler.sleep(chance.exponential(thinkMs) * (chance.happens(0.1) ? 10 : 1));
      if (lease.isOver && !isCareless) return;
      await this.#act(stay, turn);
    }
    if (chance.happens(0.7)) await this.#leave(stay, turn);
  }

  #holds({ name, queue, holdings }: Stay, { key, token }: Turn): void {
    const { scheduler, locks } = this.#options;
    this.#held++;
    const nowMs = scheduler.nowMs;
    holdings.push(locks.holds(queue, 1, { client: name, key, token, calledAt: nowMs, answeredAt: nowMs }));
  }

  async #act(stay: Stay, turn: Turn): Promise<void> {
    const { chance, calls, campaigns } = stay;
    const draw = chance.next();
    if (draw < 0.65) return this.#write(stay, turn);
    if (draw < 0.8) return this.#leader(stay);
    if (draw < 0.9 && campaigns) {
      this.#told(stay, `proclaims`, await calls.proclaim(turn, this.#value()));
      return;
    }
    // Whoever holds and asks again is told at once, of the same.
    const outcome = await this.#ask(stay);
    if (outcome.kind === "answered") this.#holds(stay, outcome.value);
  }

  async #write(stay: Stay, turn: Turn): Promise<void> {
    const { scheduler, locks } = this.#options;
    const { name, chance, calls, queue } = stay;
    const calledAt = scheduler.nowMs;
    const outcome = await (chance.happens(0.85)
      ? calls.put(turn, `${queue}-${chance.integer(1, 2)}`, this.#value())
      : calls.delete(turn, `${queue}-1`));
    this.#told(stay, `has written under ${turn.token}`, outcome);
    const isFenced = outcome.kind === "refused" && outcome.code === ErrorCode.FENCED;
    const revision = outcome.kind === "answered" && outcome.value.hasWritten ? outcome.value.revision : undefined;
    if (revision === undefined && !isFenced) return;
    const { key, token } = turn;
    locks.wrote(queue, 1, { client: name, key, token, calledAt, answeredAt: scheduler.nowMs, revision });
  }

  async #leave(stay: Stay, turn: Turn): Promise<void> {
    const { calls, campaigns, holdings } = stay;
    for (const holding of holdings) holding.releasedAt = this.#options.scheduler.nowMs;
    this.#told(stay, "has left", await (campaigns ? calls.resign(turn) : calls.unlock(turn)));
  }

  async #leader({ name, calls, queue }: Stay): Promise<void> {
    const asked = this.#askedOf(name, queue);
    const outcome = await calls.leader(queue);
    if (outcome.kind === "answered") this.#tell(asked, outcome.value);
  }

  /** Looks on for a while. */
  async #observe({ name, chance, calls, patienceMs }: ServiceLockerRole): Promise<void> {
    const node = chance.pick(calls.nodes);
    const queue = chance.pick(queues) ?? queues[0];
    const observesMs = chance.spread(0.2, 3) * patienceMs;
    if (node === undefined) return;
    const asked = this.#askedOf(name, queue);
    this.#options.trace.add(`${name}: observes ${queue} at node ${node.id}`);
    await new LockCalls(calls, false).observe(node, queue, observesMs, (leader) => this.#tell(asked, leader));
  }

  #askedOf(client: string, queue: string): LeadersTold {
    const { scheduler, acknowledged } = this.#options;
    const asked = { client, queue, calledAt: scheduler.nowMs, known: acknowledged.latest, told: [] };
    this.#leaders.add(asked);
    return asked;
  }

  #tell({ client, queue, told }: LeadersTold, leader: Omit<LeaderTold, "toldAt">): void {
    const { scheduler, trace, acknowledged } = this.#options;
    trace.add(`${client}: ${leader.entry?.key ?? "nobody"} leads ${queue} at revision ${leader.revision}`);
    told.push({ ...leader, toldAt: scheduler.nowMs });
    acknowledged.note(leader.revision);
  }

  #told({ name }: Stay, what: string, outcome: ServiceOutcome<At>): void {
    const { trace, acknowledged } = this.#options;
    trace.add(`${name}: ${what}: ${describe(outcome)}`);
    if (outcome.kind === "answered") acknowledged.note(outcome.value.revision);
  }

  #value(): string {
    return `s${++this.#values}`;
  }
}

function describe(outcome: ServiceOutcome<At>): string {
  if (outcome.kind === "answered") return `revision ${outcome.value.revision}`;
  return outcome.kind === "refused" ? ErrorCode[outcome.code] : "unknown";
}
