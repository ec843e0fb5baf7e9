import type { Machine } from "../machine/machine.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { cutOff, partition, way } from "../network/partitions.ts";
import type { FaultKind, FaultPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { BriefReigns } from "./brief-reigns.ts";
import { drawCrashFuse, drawFateFuse } from "./fuses.ts";

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
  fateAtEffect: 4,
  flapping: 2,
  brokenLink: 2,
  suspend: 2,
  clockLeap: 1,
  diskFull: 1,
  crashLoop: 1,
  handoverCutShort: 2,
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
  readonly #reigns: BriefReigns;
  /** Each kind as often as its weight says. */
  readonly #weighted: readonly FaultKind[];
  /** Machines that are going to be started again. */
  readonly #coming = new Set<Machine>();
  readonly #actions: Readonly<Record<FaultKind, (machine: Machine) => void>> = {
    crash: (machine) => machine.crash(),
    crashAtEffect: (machine) => machine.atEffect(drawCrashFuse(this.#chance), () => machine.crash()),
    crashAll: () => {
      for (const machine of this.#options.machines) machine.crash();
    },
    pause: (machine) => {
      machine.pause();
      this.#later(() => machine.resume());
    },
    sleepingLeader: () => this.#leaderSleeps(),
    partition: () => this.#partition(),
    briefLeaders: () => this.#reigns.begin(this.#chance.integer(2, 6)),
    diskFailure: (machine) => machine.failDisk(),
    clockDrift: (machine) => machine.setClockRate(this.#chance.between(...this.#options.plan.clockRates)),
    transfer: (machine) => transferFrom(machine),
    stop: (machine) => machine.stop(),
    unreachable: (machine) => this.#reportUnreachable(machine),
    fateAtEffect: (machine) => this.#meetsItsFate(machine),
    flapping: () => this.#flap(this.#chance.integer(3, 12)),
    brokenLink: (machine) => this.#breakLinkOf(machine, this.#chance.integer(3, 8), this.#chance),
    suspend: (machine) => {
      machine.suspend();
      this.#later(() => machine.resume());
    },
    clockLeap: (machine) => machine.leapAhead(this.#chance.spread(0.1, 1) * this.#options.plan.maxDurationMs),
    diskFull: (machine) => machine.fillDisk(this.#chance.between(0, this.#options.plan.maxDurationMs)),
    crashLoop: (machine) => {
      this.#looping.set(machine, this.#chance.integer(2, 6));
      machine.crash();
    },
    handoverCutShort: () => this.#cutHandoverShort(),
  };
  /** Machines that crash so many times more, soon after each start. */
  readonly #looping = new Map<Machine, number>();
  /** Machines that stay down until everything is healed. */
  #away = new Set<Machine>();
  #ended = false;
  /** Counts how often the faults were ended: what was to happen before does not. */
  #era = 0;

  constructor(options: FaultDriverOptions) {
    this.#options = options;
    this.#weighted = options.plan.kinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));
    this.#chance = options.chance("fault");
    this.#pace = options.chance("faults");
    this.#restarts = options.chance("restarts");
    this.#reigns = new BriefReigns({
      leader: () => this.#leader(),
      cutShort: (leader, afterMs, chance) => this.#cutReignShort(leader, afterMs, chance),
    });
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
    this.#era++;
    this.#reigns.begin(0);
    this.#looping.clear();
    for (const machine of this.#options.machines) machine.calm();
  }

  /** Faults again, after they had ended. */
  resume(): void {
    this.#ended = false;
    this.#next();
  }

  /** The machine stays down when it crashes, until it is let back. */
  keepDown(machine: Machine): void {
    this.#away.add(machine);
  }

  letBack(machine: Machine): void {
    this.#away.delete(machine);
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

  /** Has whoever is down come back after a while, whatever brought it down. Called after each step. */
  watch(): void {
    const { machines } = this.#options;
    if (!this.#ended) this.#reigns.watch(this.#chance);
    for (const machine of machines) {
      if (!machine.down || machine.blank || this.#away.has(machine) || this.#coming.has(machine)) continue;
      this.#comesBack(machine);
    }
  }

  #comesBack(machine: Machine): void {
    const { scheduler, plan } = this.#options;
    const chance = this.#restarts;
    this.#coming.add(machine);
    // Half of the restarts are immediate: before the others have noticed.
    const downMs = chance.happens(0.5) ? chance.between(0, 10) : chance.between(0, plan.maxDurationMs);
    scheduler.after(this.#ended ? 0 : downMs, () => {
      this.#coming.delete(machine);
      if (!this.#away.has(machine)) this.#start(machine);
    });
  }

  #start(machine: Machine): void {
    machine.start();
    const crashes = this.#looping.get(machine) ?? 0;
    if (crashes === 0) return;
    this.#looping.set(machine, crashes - 1);
    machine.atEffect({ from: undefined, after: this.#restarts.integer(0, 30) }, () => machine.crash());
  }

  #next(): void {
    const { scheduler, plan, chance, skipped } = this.#options;
    const era = this.#era;
    scheduler.after(this.#pace.exponential(plan.meanIntervalMs), () => {
      if (this.#era !== era) return;
      this.#chance = chance(`fault ${++this.#drawn}`);
      const kind = this.#chance.pick(this.#weighted);
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

  #cutReignShort(leader: Machine, afterMs: number, chance: Chance): void {
    this.#inThisEra(afterMs, () => {
      this.#options.trace.add(`fault: the reign of ${leader.id} ends`);
      if (chance.happens(0.5)) this.#crashWith(leader, chance);
      else this.#isolate(leader, chance.between(0, this.#options.plan.maxDurationMs));
    });
  }

  /** Half of the time the way out is cut a moment before: the disk may have what nobody has heard of. */
  #crashWith(leader: Machine, chance: Chance): void {
    if (chance.happens(0.5)) {
      leader.crash();
      return;
    }
    this.#isolate(leader, 10);
    this.#options.scheduler.after(chance.between(0, 10), () => leader.crash());
  }

  #isolate(machine: Machine, forMs: number): void {
    this.#cut(cutOff(machine.id, this.#ids(), "cut off"));
    this.#inThisEra(forMs, () => this.#cut(new Set()));
  }

  #partition(): void {
    const { plan, trace } = this.#options;
    const chance = this.#chance;
    const shape = chance.pick(plan.partitions);
    if (shape === undefined) return;
    const cuts = partition(shape, { nodes: this.#ids(), leader: this.#leader()?.id, chance });
    trace.add(`cut (${shape}): ${[...cuts].join(" ")}`);
    this.#cut(cuts);
    this.#later(() => this.#cut(new Set()));
  }

  /** One partition after the other, with no time in which all is well between them. */
  #flap(turns: number): void {
    const chance = this.#chance;
    const shape = chance.pick(this.#options.plan.partitions);
    if (turns === 0 || shape === undefined) {
      this.#cut(new Set());
      return;
    }
    this.#cut(partition(shape, { nodes: this.#ids(), leader: this.#leader()?.id, chance }));
    this.#inThisEra(this.#turnMs(chance), () => {
      this.#chance = chance;
      this.#flap(turns - 1);
    });
  }

  /** One node is cut off, hears nothing, is not heard, and is well again, in any order. */
  #breakLinkOf(machine: Machine, turns: number, chance: Chance): void {
    const how = turns === 0 ? "well" : chance.pick(["well", "cut off", "deaf", "mute", "mute"] as const);
    this.#cut(how === undefined || how === "well" ? new Set() : cutOff(machine.id, this.#ids(), how));
    if (turns > 0) this.#inThisEra(this.#turnMs(chance), () => this.#breakLinkOf(machine, turns - 1, chance));
  }

  #turnMs(chance: Chance): number {
    const { maxDurationMs } = this.#options.plan;
    return maxDurationMs * (chance.happens(0.5) ? chance.spread(0.02, 1) : chance.between(0.3, 1));
  }

  /** In the moment in which it says or writes something that binds it, it falls asleep, silent or deaf. */
  #meetsItsFate(machine: Machine): void {
    const chance = this.#chance;
    const fate = chance.pick(["asleep", "cut off", "deaf", "mute"] as const) ?? "asleep";
    machine.atEffect(drawFateFuse(chance), () => this.#befalls(machine, fate, chance));
  }

  /** A leader that hands over hears nothing any more from the moment on in which it tells its successor to campaign. */
  #cutHandoverShort(): void {
    const chance = this.#chance;
    const leader = this.#leader();
    if (leader === undefined) return;
    const fate = chance.pick(["deaf", "deaf", "asleep", "mute", "cut off"] as const) ?? "deaf";
    leader.atEffect({ from: "timeoutNowRequest", after: 0 }, () => this.#befalls(leader, fate, chance));
    transferFrom(leader);
  }

  #befalls(machine: Machine, fate: "asleep" | "cut off" | "deaf" | "mute", chance: Chance): void {
    this.#options.trace.add(`fault: ${machine.id} is ${fate}`);
    const forMs = chance.between(0, this.#options.plan.maxDurationMs);
    if (fate === "asleep") {
      machine.pause();
      this.#inThisEra(forMs, () => machine.resume());
    } else {
      this.#cut(cutOff(machine.id, this.#ids(), fate));
      this.#inThisEra(forMs, () => this.#cut(new Set()));
    }
  }

  #leaderSleeps(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    this.#cut(cutOff(leader.id, this.#ids(), "cut off"));
    leader.pause();
    this.#later(() => {
      leader.resume();
      this.#later(() => this.#cut(new Set()));
    });
  }

  #reportUnreachable(machine: Machine): void {
    const { network, machines } = this.#options;
    const peer = this.#chance.pick(machines.filter((other) => other !== machine));
    if (peer !== undefined) network.reportUnreachable(machine.id, peer.id);
  }

  #ids(): readonly number[] {
    return this.#options.machines.map(({ id }) => id);
  }

  #cut(cuts: ReadonlySet<string>): void {
    this.#options.network.cut(cuts);
  }

  #later(undo: () => void): void {
    this.#inThisEra(this.#chance.between(0, this.#options.plan.maxDurationMs), undo);
  }

  #inThisEra(afterMs: number, run: () => void): void {
    const era = this.#era;
    this.#options.scheduler.after(afterMs, () => {
      if (this.#era === era) run();
    });
  }
}

function transferFrom(machine: Machine): void {
  machine.handle(({ node }) => {
    node.transferLeadership(undefined, new AbortController().signal).catch(() => undefined);
  });
}
