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
  readonly chance: (name: string) => Chance;
  /** The numbers of faults that do not happen. */
  readonly skipped: ReadonlySet<number>;
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
  briefLeaders: 2,
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
  /** Of the fault under way: each has its own draws, so that it is the same whether or not those before it happen. */
  #chance: Chance;
  #drawn = 0;
  readonly #pace: Chance;
  readonly #restarts: Chance;
  /** Machines that are going to be started again. */
  readonly #coming = new Set<Machine>();
  readonly #actions: Readonly<Record<FaultKind, (machine: Machine) => void>> = {
    crash: (machine) => machine.crash(),
    crashAtEffect: (machine) => machine.crashAt(drawFuse(this.#chance)),
    crashAll: () => {
      for (const machine of this.#options.machines) machine.crash();
    },
    pause: (machine) => {
      machine.pause();
      this.#later(() => machine.resume());
    },
    sleepingLeader: () => this.#leaderSleeps(),
    partition: () => this.#partition(),
    briefLeaders: () => this.#reignsBriefly(),
    diskFailure: (machine) => machine.failDisk(),
    clockDrift: (machine) => machine.setClockRate(this.#chance.between(...this.#options.plan.clockRates)),
    transfer: (machine) => transferFrom(machine),
    stop: (machine) => machine.stop(),
    unreachable: (machine) => this.#reportUnreachable(machine),
  };
  /** Machines that stay down until everything is healed. */
  #away = new Set<Machine>();
  /** How many more leaders are to be cut short. */
  #briefReigns = 0;
  /** The last one seen. It may end in the moment in which its leader first commits something. */
  #reign = { term: 0, commit: 0, endsWithCommit: false };
  #ended = false;

  constructor(options: FaultDriverOptions) {
    this.#options = options;
    this.#chance = options.chance("fault");
    this.#pace = options.chance("faults");
    this.#restarts = options.chance("restarts");
    this.#next();
  }

  /** How often each fault was brought about. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Faults so far, skipped ones included. */
  get drawn(): number {
    return this.#drawn;
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
    const { machines, network } = this.#options;
    const chance = this.#chance;
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

  /** Until some leaders have come and gone. */
  #reignsBriefly(): void {
    this.#briefReigns = this.#chance.integer(2, 6);
  }

  /** What has reached some, and not a majority, is what the next leader has to do right. */
  #cutReignShort(leader: Machine, afterMs: number): void {
    const { scheduler, plan } = this.#options;
    const chance = this.#chance;
    this.#briefReigns--;
    scheduler.after(afterMs, () => {
      if (this.#ended) return;
      this.#options.trace.add(`fault: the reign of ${leader.id} ends`);
      if (chance.happens(0.5)) this.#crashWith(leader);
      else this.#isolate(leader, chance.between(0, plan.maxDurationMs));
    });
  }

  /** Half of the time the way out is cut a moment before: the disk may have what nobody has heard of. */
  #crashWith(leader: Machine): void {
    const { scheduler } = this.#options;
    const chance = this.#chance;
    if (chance.happens(0.5)) {
      leader.crash();
      return;
    }
    this.#isolate(leader, 10);
    scheduler.after(chance.between(0, 10), () => leader.crash());
  }

  #isolate(leader: Machine, forMs: number): void {
    const { network, machines, scheduler } = this.#options;
    const chance = this.#chance;
    const nodes = machines.map(({ id }) => id);
    network.cut(partition("isolateLeader", { nodes, leader: leader.id, chance }));
    scheduler.after(forMs, () => {
      if (!this.#ended) network.cut(new Set());
    });
  }

  /** Has whoever is down come back after a while, whatever brought it down. Called after each step. */
  watch(): void {
    const { machines, scheduler, plan } = this.#options;
    const chance = this.#restarts;
    if (this.#briefReigns > 0 && !this.#ended) this.#watchReigns();
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

  #watchReigns(): void {
    const chance = this.#chance;
    const leader = this.#leader();
    const status = leader?.running?.node.status();
    if (leader === undefined || status === undefined) return;
    const { term, commit } = status;
    if (term === this.#reign.term) {
      if (!this.#reign.endsWithCommit || commit === this.#reign.commit) return;
      this.#reign = { term, commit, endsWithCommit: false };
      this.#cutReignShort(leader, 0);
    } else if (term > this.#reign.term) {
      const endsWithCommit = chance.happens(0.5);
      this.#reign = { term, commit, endsWithCommit };
      if (!endsWithCommit && chance.happens(0.8)) this.#cutReignShort(leader, chance.spread(0.1, 20));
    }
  }

  #next(): void {
    const { scheduler, plan, chance, skipped } = this.#options;
    scheduler.after(this.#pace.exponential(plan.meanIntervalMs), () => {
      if (this.#ended) return;
      this.#chance = chance(`fault ${++this.#drawn}`);
      const kind = this.#chance.pick(plan.kinds.flatMap((each) => Array.from({ length: weights[each] }, () => each)));
      if (kind !== undefined && !skipped.has(this.#drawn)) this.#bringAbout(kind);
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
    const { machines } = this.#options;
    const chance = this.#chance;
    const leader = this.#leader();
    if (leader !== undefined && chance.happens(0.5)) return leader;
    return chance.pick(machines.filter(({ blank }) => !blank));
  }

  #leader(): Machine | undefined {
    return this.#options.machines.find(({ running }) => running?.node.status().role === "leader");
  }

  #partition(): void {
    const { plan, network, machines } = this.#options;
    const chance = this.#chance;
    const shape = chance.pick(plan.partitions);
    if (shape === undefined) return;
    const cuts = partition(shape, { nodes: machines.map(({ id }) => id), leader: this.#leader()?.id, chance });
    this.#options.trace.add(`cut (${shape}): ${[...cuts].join(" ")}`);
    network.cut(cuts);
    this.#later(() => network.cut(new Set()));
  }

  #leaderSleeps(): void {
    const { network, machines } = this.#options;
    const chance = this.#chance;
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
    const { network, machines } = this.#options;
    const chance = this.#chance;
    const peer = chance.pick(machines.filter((other) => other !== machine));
    if (peer !== undefined) network.reportUnreachable(machine.id, peer.id);
  }

  #later(undo: () => void): void {
    const { scheduler, plan } = this.#options;
    const chance = this.#chance;
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
