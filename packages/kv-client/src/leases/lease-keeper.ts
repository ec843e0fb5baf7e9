import type { CallOptions } from "../call.ts";
import type { Clock, Timer } from "../clock.ts";
import { RaftKvError } from "../error.ts";
import type { Granted } from "./lease-requests.ts";

/** A lease that this client keeps alive, or once did. Changed only by `LeaseKeeper`. */
export interface KeptLease {
  readonly id: number;
  readonly ttlMs: number;
  readonly lost: AbortController;
  /** On the client's clock: until then the cluster keeps it for certain. */
  validUntilMs: number;
  /** When to renew it next. */
  renewAtMs: number;
  renewing: boolean;
  /** It is not kept alive any more. */
  released: boolean;
}

export interface LeaseKeeperOptions {
  readonly clock: Clock;
  readonly keepAlive: (id: number, options: CallOptions) => Promise<unknown>;
}

/** Renewals that are due within so small a part of the time to live go together, in one message. */
const TOGETHER = 1 / 20;

/** A longer one would fire at once; a lease may live for longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps leases alive in the background: each is renewed after a third of its time to live, and again, if that fails, for as
 * long as it may live. How long that is counts from before the renewal was sent, on this machine's monotonic clock: the
 * cluster's time begins later and goes no faster.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #kept = new Set<KeptLease>();
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  get #nowMs(): number {
    return this.#options.clock.now();
  }

  /** `sentAtMs`: from before the request was sent that made it live for `ttlMs`. */
  keep({ id, ttlMs }: Granted, sentAtMs: number, inBackground: boolean): KeptLease {
    const kept: KeptLease = {
      id,
      ttlMs,
      lost: new AbortController(),
      validUntilMs: sentAtMs + ttlMs,
      renewAtMs: inBackground ? sentAtMs + ttlMs / 3 : Number.POSITIVE_INFINITY,
      renewing: false,
      released: false,
    };
    this.#kept.add(kept);
    this.#lookAt(kept, this.#nowMs);
    if (!kept.released) this.#wakeAt(nextLookMs(kept));
    return kept;
  }

  leftMs({ validUntilMs, released }: KeptLease): number {
    return released ? 0 : Math.max(0, validUntilMs - this.#nowMs);
  }

  release(kept: KeptLease): void {
    kept.released = true;
    this.#kept.delete(kept);
  }

  async renew(kept: KeptLease, options: CallOptions): Promise<void> {
    const sentAtMs = this.#nowMs;
    try {
      await this.#options.keepAlive(kept.id, options);
    } catch (error) {
      if (isGone(error) && !kept.released) this.#lose(kept, lostError(kept, "it has ended", error));
      throw error;
    }
    // An answer to an earlier request may come later.
    kept.validUntilMs = Math.max(kept.validUntilMs, sentAtMs + kept.ttlMs);
    // Nor is one of use that a process hears after it has stood still for that long.
    if (!kept.released && this.#nowMs >= kept.validUntilMs) {
      this.#lose(kept, lostError(kept, "its renewal was heard too late"));
      throw kept.lost.signal.reason;
    }
    if (kept.renewAtMs !== Number.POSITIVE_INFINITY) kept.renewAtMs = kept.validUntilMs - (kept.ttlMs * 2) / 3;
  }

  /** Nothing is kept alive any more. */
  close(): void {
    for (const kept of this.#kept)
      this.#lose(kept, new RaftKvError("CLOSED", "the client that kept the lease is closed"));
    this.#timer?.timer.cancel();
  }

  #look(): void {
    const nowMs = this.#nowMs;
    for (const kept of this.#kept) this.#lookAt(kept, nowMs);
    let next = Number.POSITIVE_INFINITY;
    for (const kept of this.#kept) next = Math.min(next, nextLookMs(kept));
    this.#wakeAt(next);
  }

  #lookAt(kept: KeptLease, nowMs: number): void {
    if (nowMs >= kept.validUntilMs) this.#lose(kept, lostError(kept, "it could not be kept alive in time"));
    else if (!kept.renewing && nowMs >= kept.renewAtMs - kept.ttlMs * TOGETHER) void this.#renewInBackground(kept);
  }

  async #renewInBackground(kept: KeptLease): Promise<void> {
    kept.renewing = true;
    try {
      const timeoutMs = Math.max(1, Math.floor(kept.validUntilMs - this.#nowMs));
      await this.renew(kept, { timeoutMs });
    } catch {
      // Until it is lost there is time to try again.
      kept.renewAtMs = this.#nowMs + kept.ttlMs / 10;
    } finally {
      kept.renewing = false;
    }
    if (this.#kept.has(kept)) this.#wakeAt(nextLookMs(kept));
  }

  #lose(kept: KeptLease, reason: RaftKvError): void {
    this.release(kept);
    kept.lost.abort(reason);
  }

  #wakeAt(atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return;
    this.#timer?.timer.cancel();
    const wake = (): void => {
      this.#timer = undefined;
      this.#look();
    };
    const { clock } = this.#options;
    this.#timer = {
      atMs,
      timer: clock.setTimer(Math.min(Math.max(0, Math.ceil(atMs - clock.now())), LONGEST_TIMER_MS), wake, {
        background: true,
      }),
    };
  }
}

function nextLookMs({ renewing, renewAtMs, validUntilMs }: KeptLease): number {
  return renewing ? validUntilMs : Math.min(renewAtMs, validUntilMs);
}

function isGone(error: unknown): boolean {
  return error instanceof RaftKvError && error.code === "LEASE_NOT_FOUND";
}

function lostError({ id }: KeptLease, why: string, cause?: unknown): RaftKvError {
  return new RaftKvError("LEASE_LOST", `lease ${id} is lost: ${why}`, { cause });
}
