import type { RaftKv } from "@raftkv/kv-client";
import type { ConsensusStatus, MembershipChange } from "@raftkv/raft-core";
import type { Workload } from "../clients/workload.ts";
import { leaderOf } from "../convergence/convergence.ts";
import type { FaultDriver } from "../faults/fault-driver.ts";
import type { ClusterView } from "../invariants/cluster-view.ts";
import type { Machine, RunningNode } from "../machine/machine.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { cutOff, way } from "../network/partitions.ts";
import { calmNetwork } from "../plan/draw-plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";

export interface StageOptions {
  readonly machines: readonly Machine[];
  readonly network: SimulatedNetwork;
  readonly faults: FaultDriver;
  readonly workload: Workload;
  readonly view: ClusterView;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly electionTimeoutMaxMs: number;
}

/** Where a story is played: one cluster, and what may be done to it. Nobody is brought back that was not asked for. */
export class Stage {
  readonly #options: StageOptions;
  /** Random details of the story. */
  readonly chance: Chance;
  readonly electionTimeoutMaxMs: number;
  #waiting: { readonly what: string; readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(options: StageOptions) {
    this.#options = options;
    this.chance = options.chance;
    this.electionTimeoutMaxMs = options.electionTimeoutMaxMs;
  }

  get machines(): readonly Machine[] {
    return this.#options.machines;
  }

  /** What the story waits for just now. */
  get waitingFor(): string {
    return this.#waiting.map(({ what }) => what).join(", ");
  }

  /** After each step. */
  look(): void {
    const due = this.#waiting.filter(({ holds }) => holds());
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !due.includes(each));
    for (const { resolve } of due) resolve();
  }

  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ what, holds, resolve }));
  }

  wait(ms: number): Promise<void> {
    return this.#options.scheduler.sleep(ms);
  }

  say(line: string): void {
    this.#options.trace.add(`story: ${line}`);
  }

  /** Who leads in the latest term, once all who are up and reachable follow, and something of the term is committed. */
  async leader(among: readonly Machine[] = this.machines): Promise<Machine> {
    let leader: Machine | undefined;
    await this.until("a leader whom all follow", () => {
      leader = among.find((machine) => machine.running === leaderOf(among) && machine.running !== undefined);
      const id = leader?.id;
      return (
        id !== undefined && among.every((machine) => statusOf(machine)?.leader?.id === id && this.#isSettled(machine))
      );
    });
    if (leader === undefined) throw new Error("a leader was found and is none");
    return leader;
  }

  others(...these: readonly Machine[]): readonly Machine[] {
    return this.machines.filter((machine) => !these.includes(machine));
  }

  /** The index up to which the log of `machine` is compacted. */
  baseOf({ id }: Machine): number {
    return this.#options.view.node(id).written.base.index;
  }

  /** How far `leader` knows that the other one holds its log. */
  matchOf(leader: Machine, { id }: Machine): number {
    return statusOf(leader)?.progress.find((peer) => peer.id === id)?.match ?? 0;
  }

  /** A write that only this node is asked for. Resolves when it is answered, or nobody will say what became of it. */
  write(machine: Machine): Promise<void> {
    return this.#options.workload.write(machine);
  }

  /** The same that anybody may answer, in a session: resolves once it is answered. */
  serves(machines: readonly Machine[] = this.machines): Promise<void> {
    return this.#options.workload.servesAnywhere(machines);
  }

  /** From here on there are watches. */
  keepHistory(): Promise<void> {
    return this.#options.workload.keepHistory();
  }

  /** The real client, where the plan has one. */
  get client(): RaftKv {
    return this.#options.workload.realClient;
  }

  /** It watches everything, from that revision on. What it is told is judged in the end. */
  watch(startRevision: number): { readonly through: number } {
    return this.#options.workload.watchers.watchEverything("watcher of a story", this.client, startRevision);
  }

  /** The real client hears the nodes, and they do not hear it; or all is well again. */
  muteClient(isMute: boolean): void {
    this.#options.workload.mute(isMute);
  }

  /** A linearizable read, as soon as the node runs. Whether it is answered, and from what, is for an invariant to judge. */
  read(machine: Machine): void {
    machine.handle(({ consensus }) => {
      consensus.readIndex(new AbortController().signal).catch(() => undefined);
    });
  }

  /** A read by lease that takes so long. Whether it may be answered is for the node to say, and for an invariant. */
  readByLease(machine: Machine, takesMs = 0): void {
    machine.handle(({ consensus }) => {
      const read = () => (takesMs === 0 ? Promise.resolve() : this.wait(takesMs));
      consensus.readByLease(read).catch(() => undefined);
    });
  }

  transfer(from: Machine, to: Machine | undefined): void {
    from.handle(({ node }: RunningNode) => {
      node.transferLeadership(to?.id, new AbortController().signal).catch(() => undefined);
    });
  }

  change(at: Machine, change: MembershipChange): void {
    at.handle(({ node }) => {
      node.changeMembership(change, new AbortController().signal).catch(() => undefined);
    });
  }

  /** Replaces whatever was cut. */
  cut(...ways: readonly (readonly [from: Machine, to: Machine])[]): void {
    this.#options.network.cut(new Set(ways.map(([from, to]) => way(from.id, to.id))));
  }

  /** What is sent from here on comes in time. */
  calmNetwork(): void {
    this.#options.network.behave(calmNetwork);
  }

  cutOff(machine: Machine, how: "cut off" | "deaf" | "mute" = "cut off"): void {
    const ids = this.machines.map(({ id }) => id);
    this.#options.network.cut(cutOff(machine.id, ids, how));
  }

  reportUnreachable(to: Machine, peer: Machine): void {
    this.#options.network.reportUnreachable(to.id, peer.id);
  }

  /** Until it is brought back. */
  crash(machine: Machine): void {
    this.#options.faults.keepDown(machine);
    machine.crash();
  }

  bringBack(machine: Machine): void {
    this.#options.faults.letBack(machine);
    machine.start();
  }

  /** The network is whole, and everybody is up. */
  heal(): void {
    this.#options.faults.heal();
  }

  #isSettled(machine: Machine): boolean {
    const status = statusOf(machine);
    return status !== undefined && status.commit === status.last.index && status.applied === status.commit;
  }
}

export function statusOf({ running }: Machine): ConsensusStatus | undefined {
  return running?.node.status();
}
