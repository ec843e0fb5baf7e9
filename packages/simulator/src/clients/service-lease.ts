import { createClient } from "@connectrpc/connect";
import { ErrorCode, KvService } from "@raftkv/proto/kv";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Outcome } from "./answered.ts";
import type { LeaseAsked, LeaseRecords } from "./lease-records.ts";
import type { ServiceCall, ServiceCalls, ServiceOutcome } from "./service-calls.ts";

interface ServiceLeaseOptions {
  readonly name: string;
  readonly calls: ServiceCalls;
  readonly records: LeaseRecords;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
}

/** A lease of whoever grants it, and keeps it alive, by calls. */
export class ServiceLease {
  readonly id: number;
  readonly #options: ServiceLeaseOptions;
  readonly #ttlMs: number;
  #isOver = false;

  private constructor(options: ServiceLeaseOptions, id: number, ttlMs: number) {
    this.#options = options;
    this.id = id;
    this.#ttlMs = ttlMs;
  }

  /** Undefined: there is none, as far as its holder knows. */
  static async grant(options: ServiceLeaseOptions, ttlMs: number): Promise<ServiceLease | undefined> {
    const outcome = await perform(options, { kind: "grant", ttlMs }, async (transport) => {
      const { leaseId } = await createClient(KvService, transport).grantLease({ ttlMs: BigInt(ttlMs) });
      return { id: Number(leaseId) };
    });
    return outcome.kind === "answered" ? new ServiceLease(options, outcome.value.id, ttlMs) : undefined;
  }

  /** Its holder was told so, or has let go of it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Keeps it alive. Resolves once it is over, or let go of. */
  async keep(): Promise<void> {
    const { scheduler } = this.#options;
    const leaseId = BigInt(this.id);
    while (!this.#isOver) {
      await scheduler.sleep(this.#ttlMs / 3);
      if (this.#isOver) return;
      const outcome = await perform(this.#options, { kind: "keepAlive", id: this.id }, async (transport) => {
        const { ttlMs } = await createClient(KvService, transport).keepLeaseAlive({ leaseId });
        return { ttlMs: Number(ttlMs) };
      });
      if (outcome.kind === "refused" && outcome.code === ErrorCode.LEASE_NOT_FOUND) this.#isOver = true;
    }
  }

  async revoke(): Promise<void> {
    this.#isOver = true;
    const leaseId = BigInt(this.id);
    await perform(this.#options, { kind: "revoke", id: this.id }, async (transport) => {
      const { revision } = await createClient(KvService, transport).revokeLease({ leaseId });
      return { revision: Number(revision) };
    });
  }

  /** It ends by itself. */
  letGo(): void {
    this.#isOver = true;
  }
}

async function perform<T>(
  { name, calls, records, scheduler, trace }: ServiceLeaseOptions,
  asked: LeaseAsked,
  call: ServiceCall<T>,
): Promise<ServiceOutcome<T>> {
  trace.add(`${name}: ${JSON.stringify(asked)}`);
  // Before the first try, of which all but the last had no effect: that is what its holder may count from.
  const calledAt = scheduler.nowMs;
  const outcome = await calls.write(call);
  records.add({ client: name, asked, calledAt, answeredAt: scheduler.nowMs, outcome: recorded(outcome) });
  trace.add(`${name}: ${outcome.kind === "refused" ? ErrorCode[outcome.code] : outcome.kind}`);
  return outcome;
}

/** As it counts for a lease. */
function recorded(outcome: ServiceOutcome<unknown>): Outcome<unknown> {
  if (outcome.kind !== "refused") return outcome;
  return outcome.code === ErrorCode.LEASE_NOT_FOUND
    ? { kind: "refused", code: "LEASE_NOT_FOUND" }
    : { kind: "unknown" };
}
