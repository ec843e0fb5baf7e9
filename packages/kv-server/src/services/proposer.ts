import type { Consensus, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { KvLimits } from "../limits.ts";
import type { ApplyResult } from "../state/answer.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { ApplyVersionRaise } from "./apply-version-raise.ts";
import { checkCommand } from "./command-check.ts";
import type { Failure } from "./kv-failure.ts";
import type { Quota } from "./quota.ts";
import { isTooOld } from "./too-old.ts";

/** A command batch on its way, or the reason why it was not let on it. */
export type Proposed =
  | { readonly kind: "proposed"; readonly operations: number; readonly result: Promise<ApplyResult> }
  | { readonly kind: "refused"; readonly failure: Failure };

export interface ProposerOptions {
  readonly consensus: Pick<Consensus<ApplyResult>, "propose">;
  readonly state: Pick<KvStateMachine, "clusterClock" | "decoder" | "applyVersion">;
  readonly limits: KvLimits;
  readonly quota: Quota;
  readonly raise: Pick<ApplyVersionRaise, "explained">;
}

/** Takes encoded command batches to consensus: stamped, checked, and decoded once. */
export class Proposer {
  readonly #consensus: Pick<Consensus<ApplyResult>, "propose">;
  readonly #state: Pick<KvStateMachine, "clusterClock" | "decoder" | "applyVersion">;
  readonly #limits: KvLimits;
  readonly #quota: Quota;
  readonly #raise: Pick<ApplyVersionRaise, "explained">;

  constructor({ consensus, state, limits, quota, raise }: ProposerOptions) {
    this.#consensus = consensus;
    this.#state = state;
    this.#limits = limits;
    this.#quota = quota;
    this.#raise = raise;
  }

  /** Synchronous up to the proposal, so that calls are proposed in their order. `term`: the one this node leads. */
  propose(commandBatch: Uint8Array, term: Term): Proposed {
    const payload = encodeEnvelope(this.#state.clusterClock.stampMs(term), commandBatch);
    const content = this.#state.decoder.preview(payload);
    const failure = checkCommand(content, this.#limits, this.#state.applyVersion()) ?? this.#quota.refusal(content);
    if (failure !== undefined) {
      return { kind: "refused", failure: isTooOld(failure) ? this.#raise.explained(failure) : failure };
    }
    const operations = content.kind === "command" ? content.command.operations.length : 0;
    return { kind: "proposed", operations, result: this.#consensus.propose(payload) };
  }
}
