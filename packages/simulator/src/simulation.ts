import type { Membership } from "@raftkv/raft-core";
import { Workload } from "./clients/workload.ts";
import { type Convergence, converge } from "./convergence/convergence.ts";
import { coreServes, drawCore } from "./convergence/majority.ts";
import { SimulatedDisk } from "./disk/simulated-disk.ts";
import { FaultDriver } from "./faults/fault-driver.ts";
import { BrokenHistory } from "./history/broken-history.ts";
import type { HistorySummary } from "./history/history-recorder.ts";
import { BrokenInvariant } from "./invariants/invariant.ts";
import { Invariants } from "./invariants/invariants.ts";
import type { Observation, Observe } from "./invariants/observation.ts";
import { Machine, memberOn } from "./machine/machine.ts";
import type { Wrappers } from "./machine/wrappers.ts";
import { Operator } from "./membership/operator.ts";
import { SimulatedNetwork } from "./network/network.ts";
import { pieceBytes } from "./network/snapshot-streams.ts";
import { AppliedLog } from "./observed/applied-log.ts";
import { type Coverage, CoverageCounter } from "./observed/coverage.ts";
import { calmDisk, calmNetwork, drawPlan } from "./plan/draw-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { nothingSkipped, type Skipped } from "./plan/skipped.ts";
import { Stage } from "./scenarios/stage.ts";
import { type Chance, chanceOf } from "./scheduler/chance.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { Trace } from "./trace/trace.ts";

export interface SimulationOptions {
  /** A whole number: decides everything about the run. */
  readonly seed: number;
  /** Events before the faults end for good and the cluster has to recover. */
  readonly steps: number;
  /** Changes what the seed has drawn: the size of the cluster, say, or the faults. */
  readonly adjust?: (drawn: Plan) => Plan;
  /** What does not happen, though it was drawn. */
  readonly skipped?: Skipped;
  /** Receives the trace, line by line. */
  readonly lines?: string[];
  /** What is put around the real parts of every node. */
  readonly wrappers?: Wrappers;
  /** A story that takes the place of the faults at random; `steps` is then what it may take at most. */
  readonly script?: (stage: Stage) => Promise<void>;
}

/** What a run was, and whether anything went wrong. */
export interface SimulationReport {
  readonly seed: number;
  /** What did not hold first; undefined: everything held. */
  readonly failure: BrokenInvariant | undefined;
  /** Draws why what clients saw is broken: a page of HTML. Undefined where it is not. */
  readonly historyPage: string | undefined;
  /** Of all that happened: equal for equal runs. */
  readonly traceHash: string;
  readonly plan: Plan;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly committed: number;
  readonly history: HistorySummary;
  /** Ranges, histories, reads of the past and compactions that were answered or refused. */
  readonly stateReads: number;
  /** Revisions, and marks of progress, that watches were told. */
  readonly watchesTold: number;
  /** Transactions that were answered. */
  readonly transactions: number;
  /** Calls about leases that were answered. */
  readonly leaseCalls: number;
  /** How often a lock, an election or a permit was held. */
  readonly locksHeld: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What was done to the membership, and what came of it. */
  readonly membershipActions: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  /** How many faults, actions on the membership and operations there were, skipped ones included. */
  readonly happened: Readonly<Record<keyof Skipped, number>>;
}

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
    const drawn = drawPlan(chance("plan"));
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
        servesAtOnce: plan.workload.leasers + plan.workload.lockers > 0,
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
    const { historians, watchers, transactors, leasers, lockers } = this.#plan.workload;
    return historians + watchers + transactors + leasers + lockers > 0;
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
    const { recorder, stateReads, watchers, transactors, leasers, lockers } = this.#workload;
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

function foundersOf({ nodes, membership }: Plan): Membership {
  const members = Array.from({ length: nodes }, (_, position) => memberOn(position + 1));
  const ids = members.map(({ id }) => id);
  const voters = nodes - membership.learners;
  return { voters: ids.slice(0, voters), outgoingVoters: [], learners: ids.slice(voters), members };
}
