import type { Connect, NodeConnection } from "@raftkv/kv-client";
import type { NodeId } from "@raftkv/raft-core";
import type { Machine } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { ClientConnection, type ClientConnectionOptions } from "./client-connection.ts";
import { Pipe } from "./pipe.ts";

/** How connections between clients and nodes behave. Rates are probabilities for each thing that is sent. */
export interface ClientNetworkSettings {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** The connection breaks, and what is under way on it is lost. */
  readonly breakRate: number;
  /** Something, and with it all that follows, comes up to `lateMaxMs` later. */
  readonly lateRate: number;
  readonly lateMaxMs: number;
}

interface ClientNetworkOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly machines: readonly Machine[];
  readonly settings: ClientNetworkSettings;
}

/** The client's end of a connection: whose it is, and what runs what reaches it. */
export interface ClientEnd {
  readonly name: string;
  readonly process: Process;
}

interface PipeEnds {
  readonly client: string;
  readonly node: NodeId;
  readonly direction: "toNode" | "toClient";
  readonly arrive: (run: () => void) => void;
  /** The connection breaks. */
  readonly reset: () => void;
}

/** Both ways between a client and a node, or one of them. */
export type ClientCut = "both" | "toNode" | "toClient";

/** The wires between clients and nodes: connections in order, that break, stall, and go silent. */
export class ClientNetwork {
  readonly #options: ClientNetworkOptions;
  readonly #connections = new Set<ClientConnection>();
  readonly #cuts = new Map<string, ClientCut>();
  #settings: ClientNetworkSettings;

  constructor(options: ClientNetworkOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** How this client connects to nodes. */
  connector(client: ClientEnd): Connect {
    return (address, { clock, timeoutMs }) =>
      new Promise<NodeConnection>((resolve, reject) => {
        const timer = clock.setTimer(timeoutMs, () => reject(new Error(`no answer from ${address}`)));
        const settled = (settle: () => void) => {
          timer.cancel();
          settle();
        };
        this.#connect(
          client,
          address,
          (connection) => settled(() => resolve(connection)),
          (reason) => settled(() => reject(new Error(`${address}: ${reason}`))),
        );
      });
  }

  behave(settings: ClientNetworkSettings): void {
    this.#settings = settings;
  }

  cut(client: string, node: NodeId, which: ClientCut): void {
    this.#cuts.set(wayOf(client, node), which);
  }

  mend(client: string, node: NodeId): void {
    this.#cuts.delete(wayOf(client, node));
  }

  /** Every way is whole again. */
  heal(): void {
    this.#cuts.clear();
  }

  /**
   * The process is gone, and its end of every connection. Mostly its machine says so; after a power cut the other end
   * hears nothing.
   */
  detach(process: Process): void {
    const silently = this.#options.chance.happens(0.3);
    for (const connection of this.#connections) {
      if (connection.process !== process) continue;
      this.#connections.delete(connection);
      if (!silently) connection.resetByNode();
    }
  }

  /** A client's process is gone: its machine ends its connections. */
  detachClient(process: Process): void {
    for (const connection of [...this.#connections]) if (connection.client === process) connection.close();
  }

  #connect(
    client: ClientEnd,
    address: string,
    accepted: (connection: NodeConnection) => void,
    refused: (reason: string) => void,
  ): void {
    const { machines } = this.#options;
    const machine = machines.find(({ id }) => address.startsWith(`node-${id}.`));
    const id = machine?.id ?? 0;
    // Each end has its pipe to the other: the client's is there first.
    let reset = () => {};
    let reach = (run: () => void) => run();
    const ends = { client: client.name, node: id, reset: () => reset() };
    const toClient = this.#pipe({ ...ends, direction: "toClient", arrive: (run) => client.process.enter(run) });
    const toNode = this.#pipe({ ...ends, direction: "toNode", arrive: (run) => reach(run) });
    toNode.send(() => {
      if (machine?.running === undefined) {
        this.#options.trace.add(`${client.name} finds nobody at ${address}`);
        toClient.send(() => refused("connection refused"));
        return;
      }
      machine.handle((node, process) => {
        reach = (run) => this.#reach(machine, process, connection, run);
        reset = () => connection.reset();
        const connection = this.#accept(client, id, { node, process, client: client.process, toNode, toClient });
        toClient.send(() => accepted(connection));
      });
    });
  }

  #accept(client: ClientEnd, node: NodeId, parts: Omit<ClientConnectionOptions, "closed">): ClientConnection {
    const connection = new ClientConnection({ ...parts, closed: () => this.#connections.delete(connection) });
    this.#connections.add(connection);
    this.#options.trace.add(`${client.name} is connected to node ${node}`);
    return connection;
  }

  /** A process of a later time does not know the connection, and says so. */
  #reach(machine: Machine, process: Process, connection: ClientConnection, run: () => void): void {
    if (process.alive) machine.handleIn(process, run);
    else if (!machine.down) connection.resetByNode();
  }

  #pipe({ client, node, direction, arrive, reset }: PipeEnds): Pipe {
    const { scheduler, chance } = this.#options;
    return new Pipe({
      scheduler,
      arrive,
      isCut: () => {
        const cut = this.#cuts.get(wayOf(client, node));
        return cut === "both" || cut === direction;
      },
      delayMs: () => {
        const { delayMinMs, delayMaxMs, lateRate, lateMaxMs, breakRate } = this.#settings;
        if (breakRate > 0 && chance.happens(breakRate)) scheduler.after(chance.between(0, 2 * delayMaxMs), reset);
        const lateMs = lateRate > 0 && chance.happens(lateRate) ? chance.between(0, lateMaxMs) : 0;
        return chance.between(delayMinMs, delayMaxMs) + lateMs;
      },
    });
  }
}

function wayOf(client: string, node: NodeId): string {
  return `${client}>${node}`;
}
