import type { Member, Message, NodeId, TransportHandler } from "@raftkv/raft-core";
import type { Process } from "../machine/process.ts";

/** One process as the network sees it. */
export interface Endpoint {
  readonly self: Member;
  readonly process: Process;
  readonly handler: TransportHandler;
  /** Whom it speaks with, by node; undefined until it was told. */
  peers: ReadonlyMap<NodeId, Member> | undefined;
  /** Nodes of the cluster that have asked it something, and that its own membership does not know as such yet. */
  readonly strangers: Map<NodeId, Member>;
  /** Peers that it was told are unreachable. */
  readonly unreachable: Set<NodeId>;
}

/**
 * Whether `target` hears this, as real nodes decide it: a message names the member that it is for, and what is counted is
 * heard only from the very member that the target has in its membership. A question is heard from everybody: who lags
 * behind may not know the leader yet.
 */
export function hears(target: Endpoint, sender: Member, to: Member, message: Message | undefined): boolean {
  if (target.self.memberId !== to.memberId) return false;
  const isPeer = target.peers === undefined || target.peers.get(sender.id)?.memberId === sender.memberId;
  return isPeer || message === undefined || !isCounted(message);
}

/** To whom the node would send this: an answer goes to whoever asked. */
export function addresseeOf(
  { peers, strangers }: Endpoint,
  to: NodeId,
  message: Message,
  toMemberId: string | undefined,
): Member | undefined {
  if (toMemberId !== undefined) {
    return [peers?.get(to), strangers.get(to)].find((bearer) => bearer?.memberId === toMemberId);
  }
  const isAnswer = message.kind.endsWith("Response");
  return isAnswer ? (strangers.get(to) ?? peers?.get(to)) : (peers?.get(to) ?? strangers.get(to));
}

/** What a candidate or a leader adds up by the ids of those who say it. */
function isCounted({ kind }: Message): boolean {
  return kind.endsWith("Response") && kind !== "readIndexResponse";
}
