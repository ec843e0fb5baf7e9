import type { CallOptions } from "../call.ts";
import { RaftKvError } from "../error.ts";
import type { KeptLease, LeaseKeeper } from "./lease-keeper.ts";
import type { RevokeResult } from "./lease-requests.ts";

/** What a lease needs of its client. */
export interface LeasePorts {
  readonly keeper: LeaseKeeper;
  readonly revoke: (id: number, options: CallOptions) => Promise<RevokeResult>;
}

/**
 * A lease: keys that were put with it live as long as it does. Kept alive in the background, until it is revoked, lost, or the
 * client is closed. `await using lease = …` revokes it at the end of the block, and its keys go.
 */
export class Lease implements AsyncDisposable {
  readonly #kept: KeptLease;
  readonly #ports: LeasePorts;

  constructor(kept: KeptLease, ports: LeasePorts) {
    this.#kept = kept;
    this.#ports = ports;
  }

  get id(): number {
    return this.#kept.id;
  }

  get ttlMs(): number {
    return this.#kept.ttlMs;
  }

  /**
   * Fires once the lease has ended, or may have: when the cluster says so, and at the latest when it could not be kept alive
   * for its whole time to live, counted on this machine from before the last renewal that succeeded was sent. Its reason is a
   * `RaftKvError` (LEASE_LOST, or CLOSED where the client was closed). Never after `revoke`.
   */
  get lost(): AbortSignal {
    return this.#kept.lost.signal;
  }

  /** For how much longer the cluster keeps the lease for certain, as far as this client knows. 0: it may have ended, as after `revoke`. */
  get leftMs(): number {
    return this.#ports.keeper.leftMs(this.#kept);
  }

  /**
   * Renews it now, beside what is done in the background. LEASE_NOT_FOUND where it has ended; LEASE_LOST where the answer
   * was heard only after its time, as this process stood still.
   */
  async keepAlive(options: CallOptions = {}): Promise<void> {
    await this.#ports.keeper.renew(this.#kept, options);
  }

  /** Ends it: its keys are deleted, at one revision. LEASE_NOT_FOUND where it has ended before. */
  async revoke(options: CallOptions = {}): Promise<RevokeResult> {
    this.#ports.keeper.release(this.#kept);
    return this.#ports.revoke(this.#kept.id, options);
  }

  /** Revokes it, if that has not been done. Where that fails the lease ends by itself, after its time to live. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept.released) return;
    try {
      await this.revoke();
    } catch (error) {
      if (!(error instanceof RaftKvError)) throw error;
    }
  }
}
