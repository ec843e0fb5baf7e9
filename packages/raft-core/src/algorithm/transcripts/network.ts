import type { NodeId } from "../entry.ts";
import type { SentSnapshot } from "../harness/test-node.ts";
import type { Message } from "../message.ts";

export interface Packet {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly content: { readonly message: Message } | { readonly snapshot: SentSnapshot };
}

/** Messages wait on their link, in order, until the script says what becomes of them. */
export class Network {
  #packets: Packet[] = [];
  readonly #isolated = new Set<NodeId>();
  /** Links that lose everything, one way each. */
  readonly #cut = new Set<string>();

  isolate(id: NodeId): void {
    this.#isolated.add(id);
  }

  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}->${to}`);
  }

  heal(): void {
    this.#isolated.clear();
    this.#cut.clear();
  }

  isCut({ from, to }: Packet): boolean {
    return this.#isolated.has(from) || this.#isolated.has(to) || this.#cut.has(`${from}->${to}`);
  }

  send(packet: Packet): void {
    this.#packets.push(packet);
  }

  /** The oldest packet of all, or of one link. */
  take(from?: NodeId, to?: NodeId): Packet | undefined {
    const position = this.#packets.findIndex(
      (packet) => (from === undefined || packet.from === from) && (to === undefined || packet.to === to),
    );
    return position === -1 ? undefined : this.#packets.splice(position, 1)[0];
  }

  pending(): readonly Packet[] {
    return this.#packets;
  }
}
