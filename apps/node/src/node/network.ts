import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamRoutes } from "@raftkv/grpc-stream";
import {
  APPLY_VERSION,
  type InspectedPeer,
  type KvServices,
  type ToldState,
  type WantedMarks,
} from "@raftkv/kv-server";
import { cryptoRandom, type Index, type RaftStorage, systemClock } from "@raftkv/raft-core";
import {
  ConnectTransport,
  defaultListenerLimits,
  type Formation,
  type Introduction,
  ListenError,
  listen,
  type ServerListener,
} from "@raftkv/transport-connect";
import type { HostAndPort } from "../config/address.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { formingServices } from "../server/forming-services.ts";
import { Forwarding, forwardHeader } from "../server/forwarding.ts";
import { nameLeaderLocation, redirectToLeader } from "../server/leader-location.ts";
import { SwitchingRoutes } from "../server/switching-routes.ts";

/** Everything of a node that is on the wire: one port for peers and clients, and the way to the other nodes. */
export class Network {
  readonly transport: ConnectTransport;
  readonly forwarding = new Forwarding();
  readonly #routes: SwitchingRoutes;
  readonly #raft: RaftStorage;
  readonly #log: NodeLog;
  readonly #restoredIndex: Index;
  #listener: ServerListener | undefined;
  #streams: StreamRoutes | undefined;
  #formation: (() => Formation) | undefined;
  #toldState: ((wanted: WantedMarks) => ToldState) | undefined;
  #advertised: string | undefined;
  #serving = false;
  #waiting = "the node is starting";

  /** `restoredIndex`: see `Introduction`. */
  constructor(raft: RaftStorage, log: NodeLog, restoredIndex: Index) {
    this.#raft = raft;
    this.#restoredIndex = restoredIndex;
    this.#log = log;
    this.transport = new ConnectTransport({
      identity: () => raft.identity(),
      address: () => this.#advertised,
      onIntroduce: ({ wanted }) => this.#introduce(wanted),
      clock: systemClock,
      random: cryptoRandom,
      // Peers may be quicker than this node in taking part: refusing their streams until then is nothing to warn of.
      logger: { ...log, warn: (message, fields) => (this.#serving ? log.warn : log.debug)(message, fields) },
    });
    this.#routes = new SwitchingRoutes({
      first: formingServices(() => this.#waiting),
      finish: redirectToLeader,
      router: {
        readMaxBytes: defaultListenerLimits.messageBytes,
        interceptors: [nameLeaderLocation, forwardHeader],
      },
    });
  }

  /** Resolves with the port that it really listens on. Rejects with a `NodeFailure`. */
  async listen({ host, port }: HostAndPort): Promise<number> {
    try {
      this.#listener = await listen({
        host,
        port,
        routes: (router, streams) => {
          this.transport.routes(router, streams);
          this.#routes.mount(router);
          this.#streams = streams;
        },
        clock: systemClock,
        logger: this.#log,
      });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new NodeFailure(exitCodes.listen, error.message, { cause: error });
    }
    return this.#listener.port;
  }

  /** From now on peers are told that they reach this node there. */
  advertise(address: string): void {
    this.#advertised = address;
  }

  /** What clients are told until `serve` is called. */
  waitsFor(reason: string): void {
    this.#waiting = reason;
  }

  /** From now on the node tells whoever introduces itself what it knows of its cluster. */
  belongsTo(formation: () => Formation): void {
    this.#formation = formation;
  }

  /** From now on it tells with that what its state is. */
  stateIs(told: (wanted: WantedMarks) => ToldState): void {
    this.#toldState = told;
  }

  /** Asks whoever listens at `address` who it is. Rejects if nobody answers in time. */
  async inspect(address: string, signal: AbortSignal, wanted?: WantedMarks): Promise<InspectedPeer> {
    const { nodeId, memberId } = this.#raft.identity();
    const introduction = await this.transport.introduce(address, { nodeId, memberId, wanted }, signal);
    const { formation, maxApplyVersion = 1, marks = [], revisionMarks = [], whole } = introduction;
    const peer = { nodeId: introduction.nodeId, memberId: introduction.memberId };
    return { ...peer, clusterId: formation?.clusterId, maxApplyVersion, marks, revisionMarks, whole };
  }

  serve(services: KvServices): void {
    this.#serving = true;
    this.#routes.switchTo((router) => services.register(router));
    if (this.#streams !== undefined) services.registerStreams(this.#streams, defaultListenerLimits.messageBytes);
  }

  /** Clients over HTTP/1.1 are to look for another node: each answer is the last on its connection. */
  retire(): void {
    this.#listener?.retire();
  }

  /** Ends streams, lets running calls end for `graceMs`, then cuts every connection. */
  async close(graceMs: number): Promise<void> {
    await this.#listener?.close(graceMs);
    await this.transport.close();
    this.forwarding.close();
  }

  #introduce(wanted: WantedMarks = { indexes: [], revisions: [] }): Introduction {
    const { nodeId, memberId, clusterId } = this.#raft.identity();
    if (clusterId !== undefined && this.#formation === undefined) {
      // Never to be mistaken for a node that belongs to no cluster.
      throw new ConnectError("the node is starting", Code.Unavailable);
    }
    const restoredIndex = clusterId === undefined ? this.#restoredIndex : 0;
    const formation = this.#formation?.();
    const told = this.#toldState?.(wanted);
    return { nodeId, memberId, formation, maxApplyVersion: APPLY_VERSION, restoredIndex, ...told };
  }
}
