import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema } from "@raftkv/proto/kv";
import type { Consensus, Member, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import { APPLY_VERSION } from "../state/counters.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { Failure } from "./kv-failure.ts";
import type { InspectPeer } from "./peer-inspection.ts";
import { SOON_NEW_ENOUGH } from "./too-old.ts";

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
  /** What stands in the way of the latest version, as far as the leader of that term has looked. */
  #obstacle: { readonly term: Term; readonly what: string } | undefined;
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

  /**
   * What to tell whoever asks for what a later apply version has: where a member is known to stand in its way, that and which;
   * else to try again in a moment, as a leader has to look first, and what it raises has to be applied.
   */
  explained(failure: Failure): Failure {
    const { term } = this.#options.consensus.status();
    if (this.#obstacle?.term === term) return { ...failure, message: `${failure.message} (${this.#obstacle.what})` };
    return SOON_NEW_ENOUGH;
  }

  /** One look at all members. Rejects where one does not answer. */
  async round(term: Term, signal: AbortSignal): Promise<void> {
    const { consensus, state } = this.#options;
    if (state.applyVersion() >= APPLY_VERSION) return;
    const { membership } = consensus.status();
    let known = APPLY_VERSION;
    let obstacle: string | undefined;
    for (const member of membership.members) {
      if (member.id === consensus.status().identity.nodeId) continue;
      const latest = await this.#latestKnown(member, signal).catch((error: unknown) => {
        this.#found(term, `${nameOf(member)} does not answer`);
        throw error;
      });
      if (latest < known) obstacle = `${nameOf(member)} runs an earlier version`;
      known = Math.min(known, latest);
      if (known <= state.applyVersion()) break;
    }
    signal.throwIfAborted();
    this.#found(term, obstacle);
    if (known <= state.applyVersion()) return;
    // No await from here on: nobody has joined in between, and whoever does from now on is asked for the new version.
    if (this.#joins > 0 || consensus.status().membership !== membership) return;
    this.#proposed = known;
    await consensus.propose(encodeEnvelope(state.clusterClock.stampMs(term), raiseTo(known)));
  }

  #found(term: Term, what: string | undefined): void {
    this.#obstacle = what === undefined ? undefined : { term, what };
  }

  /** 0 where somebody else answers. */
  async #latestKnown({ id, memberId, address }: Member, signal: AbortSignal): Promise<number> {
    const peer = await this.#options.inspect(address, signal);
    return peer.nodeId === id && peer.memberId === memberId ? peer.maxApplyVersion : 0;
  }
}

function nameOf({ id, address }: Member): string {
  return `node ${id} at ${address}`;
}

function raiseTo(applyVersion: number): Uint8Array {
  const operations = [{ operation: { case: "raiseApplyVersion", value: { applyVersion } } }] as const;
  return toBinary(CommandBatchSchema, create(CommandBatchSchema, { operations: [...operations] }));
}
