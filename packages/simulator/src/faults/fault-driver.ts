import type { Machine } from "../machine/machine.ts";
import type { Effect, Fuse } from "../machine/process.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { partition, way } from "../network/partitions.ts";
import type { FaultKind, FaultPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";

interface FaultDriverOptions {
  readonly plan: FaultPlan;
  readonly machines: readonly Machine[];
  readonly network: SimulatedNetwork;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
}

/** How often each fault is picked, relative to the others that are on. */
const weights: Readonly<Record<FaultKind, number>> = {
  crash: 2,
  crashAtEffect: 6,
  crashAll: 2,
  pause: 2,
  sleepingLeader: 2,
  partition: 4,
  diskFailure: 1,
  clockDrift: 1,
  transfer: 1,
  stop: 1,
  unreachable: 1,
};

/** Does to the cluster what the plan says, at random moments, until it is ended. Who is down comes back after a while. */
export class FaultDriver {
  readonly #options: FaultDriverOptions;
  readonly #counts = new Map<FaultKind, number>();
  /** Machines that are going to be started again. */
  readonly #coming = new Set<Machine>();
  readonly #actions: Readonly<Record<FaultKind, (machine: Machine) => void>> = {
    crash: (machine) => machine.crash(),
    crashAtEffect: (machine) => machine.crashAt(drawFuse(this.#options.chance)),
    crashAll: () => {
      for (const machine of this.#options.machines) machine.crash();
    },
    pause: (machine) => {
      machine.pause();
      this.#later(() => machine.resume());
    },
    sleepingLeader: () => this.#leaderSleeps(),
    partition: () => this.#partition(),
    diskFailure: (machine) => machine.failDisk(),
    clockDrift: (machine) => machine.setClockRate(this.#options.chance.between(0.5, 2)),
    transfer: (machine) => transferFrom(machine),
    stop: (machine) => machine.stop(),
    unreachable: (machine) => this.#reportUnreachable(machine),
  };
  /** Machines that stay down until everything is healed. */
  #away = new Set<Machine>();
  #ended = false;

  constructor(options: FaultDriverOptions) {
    this.#options = options;
    this.#next();
  }

  /** How often each fault was brought about. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** No more faults of its own accord. */
  end(): void {
    this.#ended = true;
    for (const machine of this.#options.machines) machine.calm();
  }

  /** Everybody comes back at once, and the network is whole. */
  heal(): void {
    this.#away = new Set();
    const { machines, network } = this.#options;
    network.cut(new Set());
    for (const machine of machines) {
      machine.resume();
      machine.start();
    }
  }

  /** The `well` are up and reach each other. Of the others each is down, asleep, cut off, deaf or mute. */
  leaveOnly(well: readonly Machine[]): void {
    const { machines, network, chance } = this.#options;
    const cuts = new Set<string>();
    for (const machine of machines.filter((other) => !well.includes(other))) {
      const fate = chance.pick(["down", "asleep", "cut off", "deaf", "mute"] as const);
      if (fate === "down") this.#away.add(machine);
      if (fate === "down") machine.crash();
      if (fate === "asleep") machine.pause();
      for (const { id } of machines) {
        if (fate !== "mute") cuts.add(way(id, machine.id));
        if (fate !== "deaf") cuts.add(way(machine.id, id));
      }
    }
    network.cut(cuts);
    for (const machine of well) {
      machine.resume();
      machine.start();
    }
  }

  /** Has whoever is down come back after a while, whatever brought it down. Called after each step. */
  watch(): void {
    const { machines, scheduler, chance, plan } = this.#options;
    for (const machine of machines) {
      if (!machine.down || machine.blank || this.#away.has(machine) || this.#coming.has(machine)) continue;
      this.#coming.add(machine);
      // Half of the restarts are immediate: before the others have noticed.
      const downMs = chance.happens(0.5) ? chance.between(0, 10) : chance.between(0, plan.maxDurationMs);
      scheduler.after(this.#ended ? 0 : downMs, () => {
        this.#coming.delete(machine);
        if (!this.#away.has(machine)) machine.start();
      });
    }
  }

  #next(): void {
    const { scheduler, chance, plan } = this.#options;
    scheduler.after(chance.exponential(plan.meanIntervalMs), () => {
      if (this.#ended) return;
      const kind = chance.pick(plan.kinds.flatMap((each) => Array.from({ length: weights[each] }, () => each)));
      if (kind !== undefined) this.#bringAbout(kind);
      this.#next();
    });
  }

  #bringAbout(kind: FaultKind): void {
    const machine = this.#victim();
    if (machine === undefined) return;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#options.trace.add(`fault: ${kind} at ${machine.id}`);
    this.#actions[kind](machine);
  }

  /** The leader half of the time: that is where most can go wrong. */
  #victim(): Machine | undefined {
    const { machines, chance } = this.#options;
    const leader = this.#leader();
    if (leader !== undefined && chance.happens(0.5)) return leader;
    return chance.pick(machines.filter(({ blank }) => !blank));
  }

  #leader(): Machine | undefined {
    return this.#options.machines.find(({ running }) => running?.node.status().role === "leader");
  }

  #partition(): void {
    const { plan, chance, network, machines } = this.#options;
    const shape = chance.pick(plan.partitions);
    if (shape === undefined) return;
    const cuts = partition(shape, { nodes: machines.map(({ id }) => id), leader: this.#leader()?.id, chance });
    this.#options.trace.add(`cut (${shape}): ${[...cuts].join(" ")}`);
    network.cut(cuts);
    this.#later(() => network.cut(new Set()));
  }

  #leaderSleeps(): void {
    const { network, machines, chance } = this.#options;
    const leader = this.#leader();
    if (leader === undefined) return;
    const nodes = machines.map(({ id }) => id);
    network.cut(partition("isolateLeader", { nodes, leader: leader.id, chance }));
    leader.pause();
    this.#later(() => {
      leader.resume();
      this.#later(() => network.cut(new Set()));
    });
  }

  #reportUnreachable(machine: Machine): void {
    const { network, machines, chance } = this.#options;
    const peer = chance.pick(machines.filter((other) => other !== machine));
    if (peer !== undefined) network.reportUnreachable(machine.id, peer.id);
  }

  #later(undo: () => void): void {
    const { scheduler, chance, plan } = this.#options;
    scheduler.after(chance.between(0, plan.maxDurationMs), () => {
      if (!this.#ended) undo();
    });
  }
}

/** Effects around which a crash tells most. */
const telling: readonly Effect[] = [
  "voteRequest",
  "voteResponse",
  "appendRequest",
  "appendResponse",
  "write",
  "compact",
  "saveSnapshot",
  "keepPartial",
  "removeSnapshots",
  "replace",
  "answer",
];

function drawFuse(chance: Chance): Fuse {
  if (chance.happens(0.3)) return { from: undefined, after: chance.integer(0, 20) };
  return { from: chance.pick(telling), after: chance.integer(0, 2) };
}

function transferFrom(machine: Machine): void {
  machine.handle(({ node }) => {
    node.transferLeadership(undefined, new AbortController().signal).catch(() => undefined);
  });
}
