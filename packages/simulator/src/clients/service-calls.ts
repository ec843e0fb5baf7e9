import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { ErrorCode, ErrorDetailSchema } from "@raftkv/proto/kv";
import type { NodeId } from "@raftkv/raft-core";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { RemoteNode, Waiting } from "./remote-node.ts";

/** What came of a call of a service. */
export type ServiceOutcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** It certainly has no effect. */
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly leader: NodeId | undefined }
  /** Nobody knows: no answer came, or the node cannot tell. */
  | { readonly kind: "unknown" };

export type ServiceCall<T> = (transport: Transport, signal?: AbortSignal) => Promise<T>;

interface ServiceCallsOptions {
  readonly nodes: readonly RemoteNode[];
  readonly scheduler: Scheduler;
  readonly chance: Chance;
}

interface WriteOptions {
  readonly anywhere?: boolean;
  readonly waiting?: Waiting;
}

/** What another node, or the same one later, may do. */
const elsewhere: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_LEADER,
  ErrorCode.NO_LEADER,
  ErrorCode.NOT_READY,
  ErrorCode.SHUTTING_DOWN,
]);

/** How often what was refused is asked for again: at the leader where it is named. */
const mostTries = 8;

/** Calls of the nodes' services by a client that keeps nothing, as from a shell or another language. */
export class ServiceCalls {
  readonly #options: ServiceCallsOptions;
  #leader: NodeId | undefined;

  constructor(options: ServiceCallsOptions) {
    this.#options = options;
  }

  /**
   * What changes something, at the leader as far as it is known; or at any node, which passes it on. Rejects where a node fails
   * as none may.
   */
  async write<T>(call: ServiceCall<T>, { anywhere = false, waiting }: WriteOptions = {}): Promise<ServiceOutcome<T>> {
    const { nodes, scheduler, chance } = this.#options;
    for (let tries = mostTries; tries > 0; tries--) {
      const leader = anywhere ? undefined : nodes.find(({ id }) => id === this.#leader);
      const node = leader ?? this.#anyNode();
      const outcome = await this.#at(node, call, waiting);
      if (outcome.kind !== "refused" || !elsewhere.has(outcome.code)) return outcome;
      await scheduler.sleep(chance.between(1, this.#leader === undefined ? 50 : 5));
    }
    return { kind: "unknown" };
  }

  /** What any node answers, or one that is named. */
  async read<T>(call: ServiceCall<T>, node = this.#anyNode()): Promise<ServiceOutcome<T>> {
    return this.#at(node, call, undefined);
  }

  /** Those that have ever been there. */
  get nodes(): readonly RemoteNode[] {
    return this.#options.nodes.filter(({ exists }) => exists);
  }

  #anyNode(): RemoteNode | undefined {
    return this.#options.chance.pick(this.nodes);
  }

  async #at<T>(
    node: RemoteNode | undefined,
    call: ServiceCall<T>,
    waiting: Waiting | undefined,
  ): Promise<ServiceOutcome<T>> {
    if (node === undefined) return { kind: "unknown" };
    const reply = await (waiting === undefined
      ? node.call(false, (transport) => settled(() => call(transport)))
      : node.callWaiting(waiting, (transport, signal) => settled(() => call(transport, signal))));
    if (reply.kind !== "answer") {
      this.#leader = undefined;
      return { kind: "unknown" };
    }
    const outcome = reply.value;
    if (outcome.kind === "failed") throw outcome.error;
    if (outcome.kind === "answered") return outcome;
    this.#leader = outcome.kind === "refused" ? outcome.leader : undefined;
    return outcome;
  }
}

/** `failed`: as none may. */
async function settled<T>(
  call: () => Promise<T>,
): Promise<ServiceOutcome<T> | { readonly kind: "failed"; readonly error: ConnectError }> {
  try {
    return { kind: "answered", value: await call() };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [detail] = error.findDetails(ErrorDetailSchema);
    const isBrokenOff = error.code === Code.Canceled || error.code === Code.DeadlineExceeded;
    if (detail === undefined) return isBrokenOff ? { kind: "unknown" } : { kind: "failed", error };
    if (detail.code === ErrorCode.INTERNAL) return { kind: "failed", error };
    if (detail.outcomeUnknown) return { kind: "unknown" };
    const leader = detail.leader === undefined ? undefined : Number(detail.leader.nodeId);
    return { kind: "refused", code: detail.code, leader };
  }
}
