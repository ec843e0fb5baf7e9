import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema } from "@raftkv/proto/kv";
import type { Consensus, Member, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import { APPLY_VERSION } from "../state/counters.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { InspectPeer } from "./peer-inspection.ts";

export interface ApplyVersionRaiseOptions {
  readonly consensus: Pick<Consensus<unknown>, "propose" | "status">;
  readonly state: Pick<KvStateMachine, "applyVersion" | "clusterClock">;
  readonly inspect: InspectPeer;
}

/**
 * Raises the apply version to the latest that every member knows: a node that does not would come to another state than the
 * others. So a cluster is upgraded node by node, and what needs the new version works once the last one is.
 */
export class ApplyVersionRaise {
  readonly #options: ApplyVersionRaiseOptions;
  #proposed = 0;
  /** Changes that add nodes and are under way: until it is appended, the membership does not show whom one adds. */
  #joins = 0;

  constructor(options: ApplyVersionRaiseOptions) {
    this.#options = options;
  }

  /** What whoever joins has to know, what was proposed and not applied yet included. */
  required(): number {
    return Math.max(this.#proposed, this.#options.state.applyVersion());
  }

  /** Hands a change that adds nodes to consensus. What has to be known is not raised before it has settled. */
  async join<Result>(change: () => Promise<Result>): Promise<Result> {
    this.#joins++;
    try {
      return await change();
    } finally {
      this.#joins--;
    }
  }

  /** One look at all members. Rejects where one does not answer. */
  async round(term: Term, signal: AbortSignal): Promise<void> {
    const { consensus, state } = this.#options;
    if (state.applyVersion() >= APPLY_VERSION) return;
    const { membership } = consensus.status();
    let known = APPLY_VERSION;
    for (const member of membership.members) {
      if (member.id === consensus.status().identity.nodeId) continue;
      known = Math.min(known, await this.#latestKnown(member, signal));
      if (known <= state.applyVersion()) return;
    }
    signal.throwIfAborted();
    // No await from here on: nobody has joined in between, and whoever does from now on is asked for the new version.
    if (this.#joins > 0 || consensus.status().membership !== membership) return;
    this.#proposed = known;
    await consensus.propose(encodeEnvelope(state.clusterClock.stampMs(term), raiseTo(known)));
  }

  /** 0 where somebody else answers. */
  async #latestKnown({ id, memberId, address }: Member, signal: AbortSignal): Promise<number> {
    const peer = await this.#options.inspect(address, signal);
    return peer.nodeId === id && peer.memberId === memberId ? peer.maxApplyVersion : 0;
  }
}

function raiseTo(applyVersion: number): Uint8Array {
  const operations = [{ operation: { case: "raiseApplyVersion", value: { applyVersion } } }] as const;
  return toBinary(CommandBatchSchema, create(CommandBatchSchema, { operations: [...operations] }));
}
