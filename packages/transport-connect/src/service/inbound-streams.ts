import { Code, ConnectError } from "@connectrpc/connect";
import type { NodeId } from "@raftkv/raft-core";

/** One stream of messages that was let in. */
export interface InboundStream {
  readonly from: NodeId;
  /** Aborted once the stream is to end; nothing that arrives after is delivered. */
  readonly signal: AbortSignal;
  close(): void;
}

interface Sender {
  readonly from: NodeId;
  readonly memberId: string;
  readonly incarnation: number;
  readonly abort: AbortController;
}

/**
 * At most one stream of messages a peer: a newer one takes the place of the older, so that messages stay in order, and
 * what a former life of the peer left in the network is not taken for its present word.
 */
export class InboundStreams {
  /** The newest life of each sender, by its ids; kept after its stream has ended. */
  readonly #senders = new Map<string, Sender>();

  /** Throws a `ConnectError` if the peer has already spoken in a later incarnation. */
  open(from: NodeId, memberId: string, incarnation: number): InboundStream {
    this.assertNewest(from, memberId, incarnation);
    this.#senders
      .get(keyOf(from, memberId))
      ?.abort.abort(new ConnectError("a newer stream has taken its place", Code.Aborted));
    const abort = new AbortController();
    this.#senders.set(keyOf(from, memberId), { from, memberId, incarnation, abort });
    return { from, signal: abort.signal, close: () => abort.abort(new ConnectError("closed", Code.Canceled)) };
  }

  /** Throws a `ConnectError` if the peer has already spoken in a later incarnation. */
  assertNewest(from: NodeId, memberId: string, incarnation: number): void {
    const known = this.#senders.get(keyOf(from, memberId));
    if (known === undefined || known.incarnation <= incarnation) return;
    throw new ConnectError(
      `incarnation ${incarnation} of node ${from} is over: it has started again as ${known.incarnation}`,
      Code.FailedPrecondition,
    );
  }

  /** Ends the streams of nodes for which `keep` is false. */
  retain(keep: (from: NodeId, memberId: string) => boolean): void {
    for (const [key, { from, memberId, abort }] of this.#senders) {
      if (keep(from, memberId)) continue;
      abort.abort(new ConnectError(`node ${from} is no longer a member`, Code.PermissionDenied));
      this.#senders.delete(key);
    }
  }

  /** Of who is no member nothing is kept once its stream has ended: there may be any number of them. */
  forget(from: NodeId, memberId: string): void {
    this.#senders.delete(keyOf(from, memberId));
  }

  closeAll(): void {
    for (const sender of this.#senders.values()) {
      sender.abort.abort(new ConnectError("the node is shutting down", Code.Unavailable));
    }
  }
}

function keyOf(from: NodeId, memberId: string): string {
  return `${from} ${memberId}`;
}
