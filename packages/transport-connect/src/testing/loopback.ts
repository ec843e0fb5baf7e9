import { createServer, type Socket } from "node:net";
import {
  type Identity,
  type IncomingSnapshot,
  type Logger,
  type Member,
  type Message,
  type NodeId,
  type Random,
  systemClock,
  type TransportHandler,
} from "@raftkv/raft-core";
import type { ProtocolVersions } from "../codec/protocol-version.ts";
import { ConnectTransport } from "../connect-transport.ts";
import type { Introduction } from "../introduce/introduction.ts";
import { listen, type ServerListener } from "../listener/listen.ts";
import type { ListenOptions } from "../listener/listener-options.ts";
import type { TransportLimits } from "../transport-limits.ts";

/** The middle of what each pause is drawn from. */
const fixedRandom: Random = { next: () => 0.5 };

/** Keeps every line, for tests to read. */
class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }
  info(message: string): void {
    this.lines.push(`info ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
  matching(pattern: RegExp): readonly string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}

/** What a node heard, and what it does with a snapshot. */
export class RecordingHandler implements TransportHandler {
  readonly messages: { readonly from: NodeId; readonly message: Message }[] = [];
  /** The data directory of each message's sender. */
  readonly memberIds: (string | undefined)[] = [];
  readonly unreachables: NodeId[] = [];
  readonly snapshots: { readonly incoming: IncomingSnapshot; readonly bytes: Uint8Array }[] = [];

  message(from: NodeId, message: Message, fromMemberId?: string): void {
    this.messages.push({ from, message });
    this.memberIds.push(fromMemberId);
  }
  unreachable(peer: NodeId): void {
    this.unreachables.push(peer);
  }
  async offer(): Promise<number> {
    return 0;
  }
  async snapshot(incoming: IncomingSnapshot): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming.read()) chunks.push(chunk);
    this.snapshots.push({ incoming, bytes: Buffer.concat(chunks) });
  }
}

export interface LoopbackOptions {
  readonly identity?: Partial<Identity>;
  readonly port?: number;
  readonly limits?: Partial<TransportLimits>;
  readonly introduction?: Introduction;
  readonly handler?: TransportHandler;
  readonly versions?: ProtocolVersions;
  /** The node says in its hellos where it listens. */
  readonly saysAddress?: boolean;
  /** False: the node listens, but has not started. */
  readonly started?: boolean;
}

/** One node on a port of its own. */
export interface LoopbackNode {
  readonly member: Member;
  readonly transport: ConnectTransport;
  readonly handler: RecordingHandler;
  readonly logger: RecordingLogger;
  close(): Promise<void>;
}

export async function startNode(id: NodeId, options: LoopbackOptions = {}): Promise<LoopbackNode> {
  const logger = new RecordingLogger();
  const handler = new RecordingHandler();
  const identity: Identity = {
    nodeId: id,
    memberId: `member-${id}`,
    incarnation: 1,
    clusterId: "cluster",
    ...options.identity,
  };
  const transport = new ConnectTransport({
    identity: () => identity,
    onIntroduce: () => options.introduction ?? { nodeId: id, memberId: identity.memberId, formation: undefined },
    clock: systemClock,
    random: fixedRandom,
    logger,
    limits: { reconnectMinMs: 5, reconnectMaxMs: 50, ...options.limits },
    address: () => (options.saysAddress === true ? `127.0.0.1:${listener.port}` : undefined),
    ...(options.versions === undefined ? {} : { versions: options.versions }),
  });
  const listener = await startListener((router, streams) => transport.routes(router, streams), {
    port: options.port ?? 0,
  });
  if (options.started !== false) transport.start(options.handler ?? handler);
  return {
    member: { id, address: `127.0.0.1:${listener.port}`, memberId: identity.memberId },
    transport,
    handler,
    logger,
    close: async () => {
      await transport.close();
      await listener.close(0);
    },
  };
}

export function startListener(
  routes: ListenOptions["routes"],
  options: Partial<ListenOptions> = {},
): Promise<ServerListener> {
  return listen({ host: "127.0.0.1", port: 0, clock: systemClock, logger: new RecordingLogger(), ...options, routes });
}

/** Introduces nodes to each other as one membership. */
export function connectAll(nodes: readonly LoopbackNode[]): void {
  for (const node of nodes) node.transport.setPeers(nodes.map(({ member }) => member));
}

/** A port that accepts connections and never says a word; ends with `close`. */
export async function startSilentServer(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    address: `127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Polls until `condition` holds; fails with what it waited for. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function heartbeat(round: number): Message {
  return { kind: "heartbeatRequest", term: 3, commit: 7, round };
}
