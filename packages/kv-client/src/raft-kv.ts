import type { CallOptions } from "./call.ts";
import { type RaftKvOptions, readOptions } from "./client-settings.ts";
import { ClusterCalls } from "./cluster-calls.ts";
import { count } from "./count.ts";
import type { Leases } from "./leases/leases.ts";
import { Namespace } from "./namespace.ts";
import type { MemberStatus, NodeStatus } from "./node-status.ts";
import type { StatusOptions } from "./status.ts";
import { type CompactResult, compactRequest } from "./write-request.ts";

export interface CloseOptions {
  /** How long calls under way may take to end, and the session to be closed. Default 2,000. */
  readonly timeoutMs?: number;
}

/**
 * A client of a raftkv cluster. One is enough for a process: it holds one connection, and concurrent calls share its
 * messages. It connects with the first call, finds the leader by itself, and retries under the deadline of each call.
 *
 * A write takes effect at most once, however often it had to be sent; writes of one client take effect in the order of the
 * calls. A read sees every write that was acknowledged before it began. Whatever fails rejects with a `RaftKvError`.
 *
 * It is the namespace of all keys, with what concerns the store as a whole.
 */
export class RaftKv extends Namespace implements AsyncDisposable {
  readonly #cluster: ClusterCalls;
  /** Leases: keys that live as long as somebody keeps them alive. */
  readonly leases: Leases;

  /** Connects to nothing yet. Throws INVALID_ARGUMENT where an option makes no sense. */
  constructor(options: RaftKvOptions) {
    const settings = readOptions(options);
    const cluster = new ClusterCalls(settings);
    super(cluster);
    this.#cluster = cluster;
    this.leases = cluster.leases;
  }

  /**
   * Gives up history before `revision`: from then on reads at earlier ones are refused, and the space is given back bit by
   * bit. COMPACTED where that has been done before, FUTURE_REVISION where the store has not come to it.
   */
  async compact(revision: number, options: CallOptions = {}): Promise<CompactResult> {
    return this.#cluster.write(compactRequest(count("revision", revision, 1, Number.MAX_SAFE_INTEGER)), options);
  }

  /** One node's view of itself and the cluster: of `endpoint`, or of the first node that answers. */
  async status(options: StatusOptions = {}): Promise<NodeStatus> {
    return this.#cluster.status(options);
  }

  /**
   * Every member, as the leader names them (or the first node that answers, where no leader is reached), each with its own
   * status or with why it has none.
   */
  async members(options: CallOptions = {}): Promise<readonly MemberStatus[]> {
    return this.#cluster.members(options);
  }

  /**
   * Waits for the calls under way, closes the session where that is possible without a new connection, and lets go of the
   * connection; never longer than `timeoutMs`, and what is not settled by then rejects with CLOSED. Never rejects itself.
   * Later calls reject with CLOSED.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#cluster.close(options.timeoutMs ?? 2_000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
