import type { CallOptions } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { Leases } from "./leases/leases.ts";
import type { ReadRequest } from "./read-operation.ts";
import type { Watch } from "./watch/watch.ts";
import type { WatchOptions, WatchPlan } from "./watch/watch-options.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * What carries the calls of a client out. Between a namespace and the cluster stands one that says the keys as they are
 * stored, so that no call has to know in which namespace it is made.
 */
export interface Calls {
  readonly clock: Clock;
  /** Those of the store: no namespace has its own. */
  readonly leases: Leases;
  /** Throws CLOSED, or INVALID_ARGUMENT for a deadline that makes no sense: what a call finds out before it is made. */
  check(name: string, options: CallOptions): void;
  read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T>;
  /** Writes take effect in the order of the calls. Checks by itself. */
  write<T>(request: WriteRequest<T>, options: CallOptions): Promise<T>;
  watch(plan: WatchPlan, options: WatchOptions): Watch;
}
