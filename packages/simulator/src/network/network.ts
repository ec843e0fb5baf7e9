import {
  describeMessage,
  type Message,
  type NodeId,
  type RaftTransport,
  type TransportHandler,
} from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { ownCopy } from "./own-copy.ts";
import { type Cuts, way } from "./partitions.ts";
import { SnapshotStreams } from "./snapshot-streams.ts";
import { SimulatedTransport } from "./transport.ts";

/** How every way between two nodes behaves. Rates are probabilities for each message. */
export interface NetworkSettings {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  readonly dropRate: number;
  readonly duplicateRate: number;
  /** A message that others may overtake. */
  readonly reorderRate: number;
  /** A message, or its double, that comes up to `lateMaxMs` later. */
  readonly lateRate: number;
  readonly lateMaxMs: number;
  /** Whether what was sent to one process of a node reaches the next one. */
  readonly outlivesRestarts: boolean;
}

/** One process as the network sees it. */
export interface Endpoint {
  readonly id: NodeId;
  readonly process: Process;
  readonly handler: TransportHandler;
  /** Peers that it was told are unreachable. */
  readonly unreachable: Set<NodeId>;
}

interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly observe: Observe;
  readonly settings: NetworkSettings;
}

/** The wires between the nodes. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;
  readonly #endpoints = new Map<NodeId, Endpoint>();
  /** When the last message in order arrives, for each way. */
  readonly #lastArrival = new Map<string, number>();
  readonly #snapshots: SnapshotStreams;
  #settings: NetworkSettings;
  #cuts: Cuts = new Set();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    const { scheduler, chance, trace, observe } = options;
    this.#snapshots = new SnapshotStreams({
      scheduler,
      chance,
      trace,
      observe,
      delayMs: () => this.#delayMs(),
      lossRate: () => this.#settings.dropRate / 4,
      isCut: (from, to) => this.isCut(from, to),
      endpoint: (id) => this.#endpoints.get(id),
    });
  }

  transport(id: NodeId, process: Process): RaftTransport {
    return new SimulatedTransport(id, process, this, this.#snapshots);
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.id, endpoint);
  }

  /** The process is gone: streams to and from it break. */
  detach(process: Process): void {
    for (const [id, endpoint] of this.#endpoints) if (endpoint.process === process) this.#endpoints.delete(id);
    this.#snapshots.breakAllOf(process);
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(way(from, to));
  }

  cut(cuts: Cuts): void {
    this.#cuts = cuts;
  }

  behave(settings: NetworkSettings): void {
    this.#settings = settings;
  }

  send(sender: Endpoint, to: NodeId, message: Message): void {
    const { chance, observe } = this.#options;
    observe({ kind: "sent", from: sender.id, to, message });
    if (chance.happens(this.#settings.dropRate)) {
      this.#lose(sender, to, message, "lost");
      return;
    }
    this.#carry(sender, to, message);
    if (chance.happens(this.#settings.duplicateRate)) this.#carry(sender, to, message);
  }

  #carry(sender: Endpoint, to: NodeId, message: Message): void {
    const { scheduler, chance } = this.#options;
    const addressee = this.#endpoints.get(to);
    const late = chance.happens(this.#settings.lateRate);
    const delayMs = this.#delayMs() + (late ? chance.between(0, this.#settings.lateMaxMs) : 0);
    const inOrder = !late && !chance.happens(this.#settings.reorderRate);
    const arrivalMs = scheduler.nowMs + delayMs;
    const arrival = inOrder ? Math.max(arrivalMs, this.#lastArrival.get(way(sender.id, to)) ?? 0) : arrivalMs;
    if (inOrder) this.#lastArrival.set(way(sender.id, to), arrival);
    scheduler.after(arrival - scheduler.nowMs, () => this.#arrive(sender, to, message, addressee));
  }

  #arrive(sender: Endpoint, to: NodeId, message: Message, addressee: Endpoint | undefined): void {
    const target = this.#endpoints.get(to);
    if (this.isCut(sender.id, to)) this.#lose(sender, to, message, "cut");
    else if (target === undefined) this.#lose(sender, to, message, "nobody there");
    else if (target !== addressee && !this.#settings.outlivesRestarts) this.#lose(sender, to, message, "gone");
    else {
      this.#options.trace.add(`${sender.id} -> ${to}: ${describeMessage(message)}`);
      sender.unreachable.delete(to);
      target.process.enter(() => target.handler.message(sender.id, ownCopy(message)));
    }
  }

  #lose(sender: Endpoint, to: NodeId, message: Message, why: string): void {
    this.#options.trace.add(`${sender.id} -x ${to} (${why}): ${describeMessage(message)}`);
    if (why === "lost" || sender.unreachable.has(to)) return;
    sender.unreachable.add(to);
    this.#options.scheduler.after(this.#delayMs(), () => sender.process.enter(() => sender.handler.unreachable(to)));
  }

  #delayMs(): number {
    return this.#options.chance.between(this.#settings.delayMinMs, this.#settings.delayMaxMs);
  }
}
