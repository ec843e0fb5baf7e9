import type { Index, NodeId } from "../algorithm/entry.ts";
import type { Clock } from "../ports/clock.ts";
import type { PeerProgress } from "./consensus.ts";

interface Followed {
  readonly match: Index;
  /** When it was last seen to have moved. */
  readonly movedAtMs: number;
}

/**
 * Followers that were sent a snapshot and are on their way through the log behind it. That log has grown while the
 * snapshot was under way: were it compacted now, they would need another snapshot, and under a steady load would never
 * come to an end.
 */
export class CatchingUp {
  readonly #clock: Pick<Clock, "now">;
  readonly #timeoutMs: number;
  readonly #followed = new Map<NodeId, Followed>();

  /** One that has not moved for `timeoutMs` is not waited for. */
  constructor(clock: Pick<Clock, "now">, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Up to where the log, which begins after `base`, may be compacted for their sake; undefined: nobody stands in the way
   * of compacting it up to `tail`. Takes up whoever is being sent a snapshot just now, so it has to be asked while that
   * goes on: each time that the log is about to be compacted.
   */
  heldIndex(progress: readonly PeerProgress[], base: Index, tail: Index): Index | undefined {
    const now = this.#clock.now();
    for (const { id, state, match } of progress) {
      if (state === "snapshot") this.#followed.set(id, { match, movedAtMs: now });
    }
    const followed = progress.filter(({ id, state }) => state !== "snapshot" && this.#followed.has(id));
    const held = followed.flatMap((peer) => this.#heldFor(peer, now, base, tail) ?? []);
    for (const id of this.#followed.keys()) if (!progress.some((peer) => peer.id === id)) this.#followed.delete(id);
    return held.length === 0 ? undefined : Math.min(...held);
  }

  /** Nobody is waited for any more who is on the way now. */
  letGo(): void {
    this.#followed.clear();
  }

  #heldFor(peer: PeerProgress, now: number, base: Index, tail: Index): Index | undefined {
    const at = reached(peer);
    const { match = at, movedAtMs = now } = this.#followed.get(peer.id) ?? {};
    const isMoving = at > match || now - movedAtMs < this.#timeoutMs;
    // Below the base it needs another snapshot: the last one broke off, or was lost.
    if (at < base || at >= tail || !isMoving) {
      this.#followed.delete(peer.id);
      return undefined;
    }
    if (at > match) this.#followed.set(peer.id, { match: at, movedAtMs: now });
    return at;
  }
}

/** A snapshot that was taken over counts before its follower has said so: the leader asks for what comes next. */
function reached({ state, match, next }: PeerProgress): Index {
  return state === "probe" ? next - 1 : match;
}
