import type { Membership } from "@raftkv/raft-core";
import { Workload } from "./clients/workload.ts";
import { type Convergence, converge } from "./convergence/convergence.ts";
import { coreServes, drawCore } from "./convergence/majority.ts";
import { SimulatedDisk } from "./disk/simulated-disk.ts";
import { FaultDriver } from "./faults/fault-driver.ts";
import { BrokenHistory } from "./history/broken-history.ts";
import { BrokenInvariant } from "./invariants/invariant.ts";
import { Invariants } from "./invariants/invariants.ts";
import type { Observation, Observe } from "./invariants/observation.ts";
import type { MachineExtras } from "./machine/extras.ts";
import { Machine, memberOn } from "./machine/machine.ts";
import { SideWays } from "./machine/side-ways.ts";
import { Operator } from "./membership/operator.ts";
import { SimulatedNetwork } from "./network/network.ts";
import { pieceBytes } from "./network/snapshot-streams.ts";
import { AppliedLog } from "./observed/applied-log.ts";
import { CoverageCounter } from "./observed/coverage.ts";
import { calmDisk, calmNetwork } from "./plan/draw-plan.ts";
import { planOf } from "./plan/draw-services.ts";
import type { Plan } from "./plan/plan.ts";
import { nothingSkipped } from "./plan/skipped.ts";
import { Stage } from "./scenarios/stage.ts";
import { type Chance, chanceOf } from "./scheduler/chance.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import type { SimulationOptions, SimulationReport } from "./simulation-report.ts";
import { Trace } from "./trace/trace.ts";

export type { SimulationOptions, SimulationReport };

/** Runs one cluster under one seed, to its end or to the first thing that does not hold. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #scheduler = new Scheduler();
  readonly #invariants = new Invariants();
  readonly #coverage = new CoverageCounter();
  readonly #applied = new AppliedLog(() => this.#scheduler.nowMs);
  readonly #plan: Plan;
  readonly #network: SimulatedNetwork;
  readonly #disks: readonly SimulatedDisk[];
  readonly #machines: readonly Machine[];
  readonly #faults: FaultDriver;
  readonly #operator: Operator;
  readonly #workload: Workload;
  readonly #trace: Trace;
  #stage: Stage | undefined;
  #historyPage: string | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { seed, skipped = nothingSkipped } = options;
    const chance = (name: string): Chance => chanceOf(seed, name);
    const scheduler = this.#scheduler;
    const drawn = planOf(seed);
    const plan = options.adjust?.(drawn) ?? drawn;
    const trace = new Trace(() => scheduler.nowMs, options.lines);
    const observe: Observe = (observation) => this.#observe(observation);
    trace.add(`seed ${seed}: ${JSON.stringify(plan)}`);
    this.#plan = plan;
    this.#trace = trace;
    this.#network = new SimulatedNetwork({
      scheduler,
      chance: chance("network"),
      trace,
      observe,
      settings: plan.network,
      oldNodes: new Set(plan.oldNodes),
    });
    const founders = foundersOf(plan);
    const extras = this.#extrasOf(plan, chance("side ways"));
    const parts = Array.from({ length: plan.nodes + plan.membership.spares }, (_, position) => {
      const id = position + 1;
      const disk = new SimulatedDisk({
        name: `${id}`,
        scheduler,
        chance: chance(`disk ${id}`),
        trace,
        settings: plan.disk,
      });
      const machine = new Machine({
        id,
        founds: id <= plan.nodes ? founders : undefined,
        config: plan.config,
        merge: plan.merge,
        scheduler,
        chance: chance(`node ${id}`),
        trace,
        network: this.#network,
        disk,
        observe,
        wrappers: options.wrappers ?? {},
        servesAtOnce: servesAtOnce(plan),
        extras,
        processEnded: (process) => this.#workload.processEnded(process),
        unexpected: (finding) => this.#invariants.breaks("nodes keep running", finding),
      });
      return { disk, machine };
    });
    this.#disks = parts.map(({ disk }) => disk);
    this.#machines = parts.map(({ machine }) => machine);
    for (const machine of this.#machines) machine.start();
    const machines = this.#machines;
    this.#faults = new FaultDriver({
      plan: plan.faults,
      machines,
      network: this.#network,
      scheduler,
      chance,
      skipped: new Set(skipped.faults),
      trace,
    });
    this.#operator = new Operator({
      plan: plan.membership,
      machines,
      founders,
      view: this.#invariants.view,
      scheduler,
      chance,
      skipped: new Set(skipped.membershipActions),
      trace,
    });
    this.#workload = new Workload({
      plan: plan.workload,
      network: plan.network,
      leases: plan.config.maxClockDrift !== undefined,
      machines,
      scheduler,
      trace,
      chance,
      skipped: new Set(skipped.operations),
      // A node that is being stopped applies what nobody hears is committed.
      lastCommitted: () => Math.max(this.#invariants.view.lastCommitted, this.#applied.highestIndex),
      slowestClock: plan.faults.clockRates[0],
      fastestClock: plan.faults.kinds.includes("clockDrift") ? Math.max(1, plan.faults.clockRates[1]) : 1,
      breaks: (invariant, finding) => this.#invariants.breaks(invariant, finding),
    });
  }

  /** Whether anybody is told what only the whole log can say is right. */
  get #keepsLog(): boolean {
    const { historians, watchers, transactors, leasers, lockers, serviceLockers, stateChecks } = this.#plan.workload;
    const others = (serviceLockers?.count ?? 0) + (stateChecks?.checkers ?? 0);
    return historians + watchers + transactors + leasers + lockers + others > 0;
  }

  /** Undefined: nothing of it is what this run is about. */
  #extrasOf({ workload, network }: Plan, chance: Chance): MachineExtras | undefined {
    const { serviceLockers, stateChecks } = workload;
    if (serviceLockers === undefined && stateChecks === undefined) return undefined;
    return {
      ways: new SideWays({
        machines: () => this.#machines,
        network: this.#network,
        scheduler: this.#scheduler,
        chance,
        lossRate: network.dropRate,
      }),
      forwards: serviceLockers !== undefined,
      checkIntervalMs: stateChecks?.intervalMs,
      historyMaxAgeMs: stateChecks?.historyMaxAgeMs,
      compares: stateChecks?.areCompared ?? false,
      differs: (finding) =>
        this.#invariants.breaks("a check of the state finds no difference where there is none", finding),
    };
  }

  async run(): Promise<SimulationReport> {
    try {
      const { steps, script } = this.#options;
      if (script === undefined) await this.#storms(steps);
      else await this.#play(script);
      this.#checkHistory();
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) this.#cannotGoOn(error);
    }
    return this.#report();
  }

  async #storms(steps: number): Promise<void> {
    const stormSteps = Math.ceil(steps / this.#plan.storms);
    await this.#storm(stormSteps);
    while (this.#scheduler.steps < steps) {
      this.#resumeFaults();
      await this.#storm(Math.min(stormSteps, steps - this.#scheduler.steps));
    }
  }

  /** So many steps with faults, and then the cluster has to recover. */
  async #storm(steps: number): Promise<void> {
    const endsAt = this.#scheduler.steps + steps;
    await this.#runUntil(() => this.#scheduler.steps >= endsAt);
    await this.#recover();
  }

  async #recover(): Promise<void> {
    this.#endFaults();
    const convergence = {
      scheduler: this.#scheduler,
      machines: this.#machines,
      operator: this.#operator,
      workload: this.#workload,
      invariants: this.#invariants,
      limitMs: 20 * this.#plan.config.electionTimeoutMaxMs + this.#snapshotMs(),
      runUntil: (done: () => boolean) => this.#runUntil(done),
    };
    if (this.#plan.majorityFirst) await this.#majorityServes(convergence);
    this.#faults.heal();
    await converge(convergence);
  }

  /** What two snapshots of the largest state take, piece by piece: one may break off. Where a leader is held to a pace, for all. */
  #snapshotMs(): number {
    const { snapshotBytesPerSecond = Number.POSITIVE_INFINITY } = this.#plan.config;
    const largest = Math.max(0, ...this.#machines.map(({ running }) => running?.state.sizeBytes() ?? 0));
    const pieces = Math.ceil(largest / pieceBytes);
    const pacedMs = (1_000 * largest * this.#machines.length) / snapshotBytesPerSecond;
    return Math.ceil(2 * pieces * calmNetwork.delayMaxMs + pacedMs);
  }

  async #runUntil(done: () => boolean): Promise<void> {
    await this.#scheduler.run(() => {
      this.#look();
      return done();
    });
    this.#throwIfBroken();
  }

  #observe(observation: Observation): void {
    this.#coverage.observe(observation);
    if (this.#keepsLog) this.#applied.observe(observation);
    this.#invariants.observe(observation);
  }

  /** After each step. */
  #look(): void {
    for (const machine of this.#machines) {
      const status = machine.takeNews();
      if (status === undefined || !this.#invariants.isNews(machine.id, status)) continue;
      this.#observe({ kind: "status", node: machine.id, status });
    }
    this.#faults.watch();
    this.#stage?.look();
    this.#throwIfBroken();
  }

  #endFaults(): void {
    this.#trace.add("the faults end");
    this.#workload.stop();
    this.#workload.calmClients();
    this.#network.behave(calmNetwork);
    for (const disk of this.#disks) disk.behave(calmDisk);
    this.#operator.end();
    this.#faults.end();
  }

  async #play(script: (stage: Stage) => Promise<void>): Promise<void> {
    const stage = new Stage({
      machines: this.#machines,
      network: this.#network,
      faults: this.#faults,
      workload: this.#workload,
      view: this.#invariants.view,
      scheduler: this.#scheduler,
      chance: chanceOf(this.#options.seed, "story"),
      trace: this.#trace,
      electionTimeoutMaxMs: this.#plan.config.electionTimeoutMaxMs,
    });
    this.#stage = stage;
    let ended = false;
    script(stage).then(
      () => {
        ended = true;
      },
      (error: unknown) => this.#invariants.breaks("the story", error instanceof Error ? error.message : String(error)),
    );
    await this.#runUntil(() => ended || this.#scheduler.steps >= this.#options.steps);
    this.#stage = undefined;
    if (!ended)
      this.#invariants.breaks("the story", `it does not go on: it waits for ${stage.waitingFor || "time to pass"}`);
    this.#throwIfBroken();
    await this.#recover();
  }

  #resumeFaults(): void {
    this.#trace.add("the faults begin again");
    this.#workload.resume();
    this.#network.behave(this.#plan.network);
    for (const disk of this.#disks) disk.behave(this.#plan.disk);
    this.#operator.resume();
    this.#faults.resume();
  }

  async #majorityServes(convergence: Convergence): Promise<void> {
    const core = drawCore(this.#machines, this.#operator, chanceOf(this.#options.seed, "majority"));
    this.#trace.add(`only nodes ${core.map(({ id }) => id).join(" ")} are well`);
    this.#faults.leaveOnly(core);
    await coreServes(convergence, core);
  }

  #checkHistory(): void {
    const { recorder, stateReads, watchers, transactors, leasers, lockers, locks, services } = this.#workload;
    this.#check("linearizability", () => recorder.check());
    if (!this.#keepsLog || !this.#applied.isWhole) return;
    const { history, wrong } = this.#applied.replay();
    if (wrong !== undefined) {
      this.#invariants.breaks(wrong.promise, wrong.message);
      return;
    }
    this.#check("a transaction is carried out as one", () => transactors.check(history));
    this.#check("a lease ends when it should", () => leasers.check(history));
    this.#check("a lock is one's own", () => lockers.check(history));
    this.#check("a lock is one's own", () => locks.check(history));
    this.#check("a service tells what is so", () => services.check(history));
    this.#check("a read shows one revision", () => stateReads.check(history));
    this.#check("a watch tells everything once", () => watchers.check(history));
  }

  #check(invariant: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (error instanceof BrokenHistory) this.#historyPage ??= error.page;
      this.#invariants.breaks(invariant, error instanceof Error ? error.message : String(error));
    }
  }

  /** A mistake of the simulator's own, most likely: it is reported as what is found, with all that it takes to look at it. */
  #cannotGoOn(error: unknown): void {
    this.#trace.add(error instanceof Error ? `${error.stack}` : String(error));
    this.#invariants.breaks("the simulation goes on", error instanceof Error ? error.message : String(error));
  }

  #throwIfBroken(): void {
    const { broken } = this.#invariants;
    if (broken === undefined) return;
    this.#trace.add(broken.message);
    throw broken;
  }

  #report(): SimulationReport {
    return {
      seed: this.#options.seed,
      failure: this.#invariants.broken,
      historyPage: this.#historyPage,
      traceHash: this.#trace.hash,
      plan: this.#plan,
      steps: this.#scheduler.steps,
      simulatedMs: this.#scheduler.nowMs,
      committed: this.#invariants.view.lastCommitted,
      history: this.#workload.recorder.summary(),
      stateReads: this.#workload.stateReads.count,
      watchesTold: this.#workload.watchers.told,
      transactions: this.#workload.transactors.answered,
      leaseCalls: this.#workload.leasers.answered,
      locksHeld: this.#workload.lockers.held,
      serviceLocksHeld: this.#workload.services.lockers.held,
      leadersTold: this.#workload.services.lockers.leadersTold,
      statesTold: this.#workload.services.checkers.told,
      faults: this.#faults.counts,
      membershipActions: this.#operator.counts,
      coverage: this.#coverage.coverage,
      happened: {
        faults: this.#faults.drawn,
        membershipActions: this.#operator.drawn,
        operations: this.#workload.drawn,
      },
    };
  }
}

/** Whether leaders do by themselves what this run is about. */
function servesAtOnce({ workload }: Plan): boolean {
  const { leasers, lockers, serviceLockers, stateChecks } = workload;
  return leasers + lockers > 0 || serviceLockers !== undefined || stateChecks !== undefined;
}

function foundersOf({ nodes, membership }: Plan): Membership {
  const members = Array.from({ length: nodes }, (_, position) => memberOn(position + 1));
  const ids = members.map(({ id }) => id);
  const voters = nodes - membership.learners;
  return { voters: ids.slice(0, voters), outgoingVoters: [], learners: ids.slice(voters), members };
}
