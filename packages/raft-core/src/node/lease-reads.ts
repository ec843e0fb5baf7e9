import type { Index, Term } from "../algorithm/entry.ts";
import type { ReadLease } from "../algorithm/read-index.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseAnswer } from "./consensus.ts";

interface LeaseReadsOptions {
  readonly clock: Clock;
  readonly lease: () => ReadLease | undefined;
  /** The clock has not counted some time: no lease of before holds any more. */
  readonly suspended: () => void;
  /** Resolves once the state machine has reached the index. */
  readonly applied: (index: Index, signal: AbortSignal | undefined) => Promise<unknown>;
}

/** Reads by lease (rule 16): whether it holds is looked up before the state is read, and again after. */
export class LeaseReads {
  readonly #options: LeaseReadsOptions;
  #suspensions: number;

  constructor(options: LeaseReadsOptions) {
    this.#options = options;
    this.#suspensions = options.clock.suspensions?.() ?? 0;
  }

  async read<T>(read: () => Promise<T>, signal: AbortSignal | undefined): Promise<LeaseAnswer<T>> {
    const lease = this.#holding();
    if (lease === undefined) return NO_LEASE;
    await this.#options.applied(lease.index, signal);
    const answer = await read();
    // In the meantime the process may have been paused, and another node may lead.
    return this.#holding()?.term === lease.term ? { kind: "answer", answer } : NO_LEASE;
  }

  #holding(): { readonly term: Term; readonly index: Index } | undefined {
    const { clock, suspended, lease } = this.#options;
    // In this order, so that a suspension in between is found.
    const nowMs = clock.now();
    const suspensions = clock.suspensions?.() ?? 0;
    if (suspensions !== this.#suspensions) {
      this.#suspensions = suspensions;
      suspended();
    }
    const known = lease();
    return known !== undefined && nowMs < known.untilMs ? known : undefined;
  }
}

const NO_LEASE = { kind: "noLease" } as const;
