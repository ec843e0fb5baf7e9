import type { Consensus, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { KvLimits } from "../limits.ts";
import type { ApplyResult } from "../state/answer.ts";
import type { EntryContent } from "../state/command.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { ApplyVersionRaise } from "./apply-version-raise.ts";
import { checkCommand } from "./command-check.ts";
import { type Failure, KvFailure } from "./kv-failure.ts";
import type { Quota } from "./quota.ts";
import { isTooOld, SOON_NEW_ENOUGH } from "./too-old.ts";

/** A command batch on its way, or the reason why it was not let on it. */
export type Proposed =
  | { readonly kind: "proposed"; readonly operations: number; readonly result: Promise<ApplyResult> }
  | { readonly kind: "refused"; readonly failure: Failure };

export interface ProposerOptions {
  readonly consensus: Pick<Consensus<ApplyResult>, "propose" | "readIndex">;
  readonly state: Pick<KvStateMachine, "clusterClock" | "decoder" | "applyVersion">;
  readonly limits: KvLimits;
  readonly quota: Quota;
  readonly raise: Pick<ApplyVersionRaise, "explained">;
}

/** Takes encoded command batches to consensus: stamped, checked, and decoded once. */
export class Proposer {
  readonly #consensus: Pick<Consensus<ApplyResult>, "propose" | "readIndex">;
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
    const failure = this.#check(content) ?? this.#quota.refusal(content);
    const operations = content.kind === "command" ? content.command.operations.length : 0;
    if (failure === undefined) return { kind: "proposed", operations, result: this.#consensus.propose(payload) };
    if (isTooOld(failure)) return { kind: "proposed", operations, result: this.#refuseConfirmed(content) };
    return { kind: "refused", failure };
  }

  #check(content: EntryContent): Failure | undefined {
    return checkCommand(content, this.#limits, this.#state.applyVersion());
  }

  /** A leader that was deposed, and has not heard of it, does not know what the cluster has come to do since. */
  async #refuseConfirmed(content: EntryContent): Promise<never> {
    await this.#consensus.readIndex();
    const failure = this.#check(content) ?? SOON_NEW_ENOUGH;
    throw new KvFailure(isTooOld(failure) ? this.#raise.explained(failure) : failure);
  }
}
