import type { Member, Message, NodeId, RaftTransport } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Fate, Trace } from "../trace/trace.ts";
import { type Endpoint, hears } from "./endpoint.ts";
import { inFirstVersion } from "./first-version.ts";
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

interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly observe: Observe;
  readonly settings: NetworkSettings;
  /** Nodes that speak only the first version of the protocol. */
  readonly oldNodes: ReadonlySet<NodeId>;
}

/** More than any cluster has. */
const mostNodes = 1_024;

/** The wires between the nodes. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;
  readonly #endpoints = new Map<NodeId, Endpoint>();
  /** When the last message in order arrives, for each way. */
  readonly #lastArrival = new Map<number, number>();
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
      isOffered: (from, to) => !this.#speakFirstVersion(from, to),
      endpoint: (id) => this.#endpoints.get(id),
    });
  }

  transport(self: Member, process: Process): RaftTransport {
    return new SimulatedTransport(self, process, this, this.#snapshots);
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.self.id, endpoint);
  }

  /** The process is gone: streams to and from it break. */
  detach(process: Process): void {
    for (const [id, endpoint] of this.#endpoints) if (endpoint.process === process) this.#endpoints.delete(id);
    this.#snapshots.breakAllOf(process);
  }

  /** Node `to` hears that its messages to `peer` are being lost. */
  reportUnreachable(to: NodeId, peer: NodeId): void {
    const endpoint = this.#endpoints.get(to);
    endpoint?.process.enter(() => endpoint.handler.unreachable(peer));
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(way(from, to));
  }

  cut(cuts: Cuts): void {
    this.#cuts = cuts;
  }

  behave(settings: NetworkSettings): void {
    this.#settings = settings;
  }

  send(sender: Endpoint, to: Member, meant: Message): void {
    const { chance, observe } = this.#options;
    const message = this.#speakFirstVersion(sender.self.id, to.id) ? inFirstVersion(meant) : meant;
    if (message === undefined) return;
    observe({ kind: "sent", from: sender.self.id, to: to.id, toMemberId: to.memberId, message });
    if (chance.happens(this.#settings.dropRate)) {
      this.#lose(sender, to.id, message, "lost");
      return;
    }
    this.#carry(sender, to, message);
    if (chance.happens(this.#settings.duplicateRate)) this.#carry(sender, to, message);
  }

  #speakFirstVersion(one: NodeId, other: NodeId): boolean {
    const { oldNodes } = this.#options;
    return oldNodes.has(one) || oldNodes.has(other);
  }

  #carry(sender: Endpoint, member: Member, message: Message): void {
    const { scheduler, chance } = this.#options;
    const to = member.id;
    const addressee = this.#endpoints.get(to);
    const late = chance.happens(this.#settings.lateRate);
    const delayMs = this.#delayMs() + (late ? chance.between(0, this.#settings.lateMaxMs) : 0);
    const inOrder = !late && !chance.happens(this.#settings.reorderRate);
    const arrivalMs = scheduler.nowMs + delayMs;
    const link = sender.self.id * mostNodes + to;
    const arrival = inOrder ? Math.max(arrivalMs, this.#lastArrival.get(link) ?? 0) : arrivalMs;
    if (inOrder) this.#lastArrival.set(link, arrival);
    scheduler.after(arrival - scheduler.nowMs, () => this.#arrive(sender, member, message, addressee));
  }

  #arrive(sender: Endpoint, member: Member, message: Message, addressee: Endpoint | undefined): void {
    const to = member.id;
    const target = this.#endpoints.get(to);
    if (this.isCut(sender.self.id, to)) this.#lose(sender, to, message, "cut");
    else if (target === undefined) this.#lose(sender, to, message, "nobody there");
    else if (target !== addressee && !this.#settings.outlivesRestarts) this.#lose(sender, to, message, "gone");
    else if (!hears(target, sender.self, member, message)) this.#lose(sender, to, message, "refused");
    else {
      this.#options.trace.message(sender.self.id, to, "arrives", message);
      sender.unreachable.delete(to);
      target.strangers.set(sender.self.id, sender.self);
      target.process.enter(() => target.handler.message(sender.self.id, ownCopy(message), sender.self.memberId));
    }
  }

  #lose(sender: Endpoint, to: NodeId, message: Message, why: Fate): void {
    this.#options.trace.message(sender.self.id, to, why, message);
    if (why === "lost" || sender.unreachable.has(to)) return;
    sender.unreachable.add(to);
    this.#options.scheduler.after(this.#delayMs(), () => sender.process.enter(() => sender.handler.unreachable(to)));
  }

  #delayMs(): number {
    return this.#options.chance.between(this.#settings.delayMinMs, this.#settings.delayMaxMs);
  }
}
