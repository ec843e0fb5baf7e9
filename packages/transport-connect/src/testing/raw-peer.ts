import type { Client } from "@connectrpc/connect";
import type { MessagesRequest, RaftService } from "@raftkv/proto/raft";
import { systemClock } from "@raftkv/raft-core";
import { encodeHello, type Hello } from "../codec/hello-codec.ts";
import { PeerConnection } from "../http2/peer-connection.ts";
import { raftClient } from "../http2/raft-client.ts";
import { defaultWindows } from "../http2/windows.ts";
import type { LoopbackNode } from "./loopback.ts";

/** A client that says whatever a test wants it to say. */
export interface RawPeer {
  readonly client: Client<typeof RaftService>;
  close(): void;
}

export function rawPeer(address: string): RawPeer {
  const connection = new PeerConnection(address, {
    clock: systemClock,
    windows: defaultWindows,
    connectTimeoutMs: 2000,
    pingIntervalMs: 1000,
    pingTimeoutMs: 3000,
  });
  return { client: raftClient(connection), close: () => connection.close() };
}

/** The hello with which `from` introduces itself to `to` truthfully, but for `lies`. */
export function helloFrom(from: number, to: Pick<LoopbackNode, "member">, lies: Partial<Hello> = {}): Hello {
  return {
    versions: { min: 1, max: 2 },
    clusterId: "cluster",
    fromNodeId: from,
    fromMemberId: `member-${from}`,
    fromIncarnation: 1,
    fromAddress: undefined,
    toNodeId: to.member.id,
    toMemberId: to.member.memberId,
    ...lies,
  };
}

export function helloRequest(hello: Hello): MessagesRequest {
  return { $typeName: "raftkv.raft.v1.MessagesRequest", request: { case: "hello", value: encodeHello(hello) } };
}

/** A stream of requests that is written by hand; `end` ends it. */
export class ManualStream<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #ended = false;
  #wake: () => void = () => {};

  push(...items: readonly T[]): void {
    this.#items.push(...items);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      yield* this.#items.splice(0);
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
