import type { Term } from "@raftkv/raft-core";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import { type CheckProposer, proposeCheck } from "./state-check.ts";

export interface PeriodicCheckOptions extends CheckProposer {
  readonly state: CheckProposer["state"] & Pick<KvStateMachine, "checks">;
  /** In cluster time, from the last check that this node knows of, or from its start; 0: never. */
  readonly everyMs: number;
}

/** A day. */
export const DEFAULT_CHECK_INTERVAL_MS = 24 * 60 * 60_000;

/** Has the whole state checked on all nodes every now and then, while this node leads. */
export class PeriodicCheck {
  readonly #options: PeriodicCheckOptions;

  constructor(options: PeriodicCheckOptions) {
    this.#options = options;
  }

  async round(term: Term): Promise<void> {
    const { state, everyMs } = this.#options;
    if (everyMs === 0 || state.checks.runningIndex !== undefined) return;
    if (state.clusterClock.stampMs(term) - state.checks.lastBegunMs < everyMs) return;
    await proposeCheck(this.#options, term);
  }
}
