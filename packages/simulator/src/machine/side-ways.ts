import { APPLY_VERSION, type InspectedPeer, type InspectPeer, toldState, type WantedMarks } from "@raftkv/kv-server";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Machine } from "./machine.ts";

interface InspectionOptions {
  readonly machines: () => readonly Machine[];
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** Of questions and of answers. */
  readonly lossRate: number;
}

const nothingWanted: WantedMarks = { indexes: [], revisions: [] };

/** So long somebody waits for an answer, as a node does. */
const timeoutMs = 2_000;

/** Nodes ask each other who they are, and what their states are: over ways of their own, which lose questions, and are never cut. */
export class Inspection {
  readonly #options: InspectionOptions;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  /** For one process, in which it is answered. */
  from(enter: (run: () => void) => void): InspectPeer {
    const { scheduler } = this.#options;
    return (address, _signal, wanted = nothingWanted) =>
      new Promise((resolve, reject) => {
        const timeout = scheduler.after(timeoutMs, () =>
          enter(() => reject(new Error(`nobody answers at ${address}`))),
        );
        this.#ask(address, wanted, (peer) => {
          scheduler.cancel(timeout);
          enter(() => resolve(peer));
        });
      });
  }

  #ask(address: string, wanted: WantedMarks, answered: (peer: InspectedPeer) => void): void {
    const machine = this.#options.machines().find(({ id }) => address.startsWith(`node-${id}.`));
    this.#travel(() =>
      machine?.handle(({ node, state }, process) => {
        const { nodeId, memberId, clusterId } = node.status().identity;
        const peer = { nodeId, memberId, clusterId, maxApplyVersion: APPLY_VERSION, ...toldState(state, wanted) };
        if (process.mayAct("answer")) this.#travel(() => answered(peer));
      }),
    );
  }

  #travel(arrive: () => void): void {
    const { scheduler, chance, lossRate } = this.#options;
    if (!chance.happens(lossRate)) scheduler.after(chance.between(0.1, 2), arrive);
  }
}
