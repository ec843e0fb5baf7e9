import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { APPLY_VERSION, type ForwardClient, type InspectPeer, toldState, type WantedMarks } from "@raftkv/kv-server";
import { KvService } from "@raftkv/proto/kv";
import type { NodeId } from "@raftkv/raft-core";
import type { SimulatedNetwork } from "../network/network.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Machine, RunningNode } from "./machine.ts";
import type { Process } from "./process.ts";

interface SideWaysOptions {
  readonly machines: () => readonly Machine[];
  readonly network: Pick<SimulatedNetwork, "isCut">;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** Of questions and of answers. */
  readonly lossRate: number;
}

/** Somebody who asks. */
export interface Asking {
  readonly id: NodeId;
  /** Runs in its process what comes of it. */
  readonly enter: (run: () => void) => void;
}

interface Question<T> {
  readonly address: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly ask: (node: RunningNode) => Promise<T>;
}

const nothingWanted: WantedMarks = { indexes: [], revisions: [] };

/** As nodes have them, for questions and for writes that bring no deadline. */
const [inspectTimeoutMs, forwardTimeoutMs] = [2_000, 10_000];

/** What nodes ask of each other besides what the log takes: who they are, what their states are, and to write for them. */
export class SideWays {
  readonly #options: SideWaysOptions;

  constructor(options: SideWaysOptions) {
    this.#options = options;
  }

  inspector(asking: Asking): InspectPeer {
    return (address, signal, wanted = nothingWanted) =>
      this.#asked(asking, {
        address,
        timeoutMs: inspectTimeoutMs,
        signal,
        ask: async ({ node, state }) => {
          const { nodeId, memberId, clusterId } = node.status().identity;
          return { nodeId, memberId, clusterId, maxApplyVersion: APPLY_VERSION, ...toldState(state, wanted) };
        },
      });
  }

  /** For writes that a node passes on to the leader. */
  forwarder(asking: Asking): (leader: { readonly address: string }) => ForwardClient {
    return ({ address }) => createClient(KvService, this.#transportTo(address, asking));
  }

  #transportTo(address: string, asking: Asking): Transport {
    return {
      unary: (method, signal, timeoutMs = forwardTimeoutMs, header, input) => {
        const ask = ({ clients }: RunningNode) => clients.unary.unary(method, undefined, undefined, header, input);
        return this.#asked(asking, { address, timeoutMs, signal, ask });
      },
      stream: async ({ name }) => {
        throw new ConnectError(`${name} is not passed on`, Code.Unimplemented);
      },
    };
  }

  #asked<T>({ id, enter }: Asking, { address, timeoutMs, signal, ask }: Question<T>): Promise<T> {
    const { scheduler } = this.#options;
    const machine = this.#options.machines().find((each) => address.startsWith(`node-${each.id}.`));
    return new Promise((resolve, reject) => {
      const tooLate = () => reject(new ConnectError(`nobody answers at ${address}`, Code.DeadlineExceeded));
      const timeout = scheduler.after(timeoutMs, () => enter(tooLate));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      const settled = (settle: () => void) => {
        scheduler.cancel(timeout);
        enter(settle);
      };
      this.#travel(id, machine?.id, () =>
        machine?.handle((node, process) => {
          const answer = (settle: () => void) => this.#answer(machine.id, process, id, () => settled(settle));
          ask(node).then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
        }),
      );
    });
  }

  #answer(from: NodeId, process: Process, to: NodeId, arrive: () => void): void {
    if (process.mayAct("answer")) this.#travel(from, to, arrive);
  }

  #travel(from: NodeId, to: NodeId | undefined, arrive: () => void): void {
    const { scheduler, chance, lossRate, network } = this.#options;
    const isLost = chance.happens(lossRate) || to === undefined || network.isCut(from, to);
    if (!isLost) scheduler.after(chance.between(0.1, 2), arrive);
  }
}
