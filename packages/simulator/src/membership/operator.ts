import type { Member, Membership, MembershipChange, NodeId } from "@raftkv/raft-core";
import type { ClusterView } from "../invariants/cluster-view.ts";
import type { Machine, RunningNode } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { MembershipPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { drawChange, isPossible } from "./draw-change.ts";
import { haveQuorums } from "./quorums.ts";

interface OperatorOptions {
  readonly plan: MembershipPlan;
  readonly machines: readonly Machine[];
  /** The membership that the cluster was formed with. */
  readonly founders: Membership;
  /** What is in play, as nobody in the cluster can know it. */
  readonly view: ClusterView;
  readonly scheduler: Scheduler;
  readonly chance: (name: string) => Chance;
  /** The numbers of actions that are not taken. */
  readonly skipped: ReadonlySet<number>;
  readonly trace: Trace;
}

const repairEveryMs = 50;
const hurryMs = 10;
const nobody: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };

/** A change that a process was asked for and has not answered. */
interface Asked {
  readonly process: Process;
  isSettled: boolean;
}

/**
 * Who runs the cluster: changes its membership at random moments, has blank machines join, and loses disks for good.
 * It never asks for what nobody could do: the disks that are left always hold a quorum of every membership in play.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #counts = new Map<string, number>();
  #asked: Asked[] = [];
  #repairAtMs = 0;
  /** Of the action under way: each has its own draws. */
  #chance: Chance;
  readonly #pace: Chance;
  #drawn = 0;
  #ended = false;
  /** Counts how often the changes were ended: what was to come before does not. */
  #era = 0;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#chance = options.chance("action");
    this.#pace = options.chance("operator");
    if (options.plan.actions.length > 0) this.#next();
  }

  /** How often each thing was done. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Actions so far, skipped ones included. */
  get drawn(): number {
    return this.#drawn;
  }

  /** No more changes of its own accord. */
  end(): void {
    this.#ended = true;
    this.#era++;
  }

  /** Changes again, after they had ended. */
  resume(): void {
    this.#ended = false;
    if (this.#options.plan.actions.length > 0) this.#next();
  }

  /** Asks for what never happens by itself: that a joint membership is left that waits for it, and the lost removed. */
  repair(): void {
    const { scheduler } = this.#options;
    if (scheduler.nowMs < this.#repairAtMs) return;
    this.#repairAtMs = scheduler.nowMs + repairEveryMs;
    const leader = this.#leader();
    const membership = leader?.running?.node.status().membership;
    if (leader === undefined || membership === undefined || this.awaitsAnswer) return;
    const [lost] = this.lostOf(membership);
    if (membership.outgoingVoters.length > 0) {
      if (membership.leavesOnRequest === true) this.#leaveJoint(leader);
    } else if (lost !== undefined) {
      this.#ask(leader, { steps: [{ kind: "remove", id: lost }], transition: "auto", force: true });
    }
  }

  /** The members whose disk is gone. */
  lostOf({ members }: Membership): readonly NodeId[] {
    return members.filter((member) => !this.#isIntact(member)).map(({ id }) => id);
  }

  /** Whether a change was asked for that is not answered: it may bring voters into play that nobody knows of yet. */
  get awaitsAnswer(): boolean {
    this.#asked = this.#asked.filter(({ process, isSettled }) => !isSettled && process.alive);
    return this.#asked.length > 0;
  }

  /** Whether the machines of `ids`, with the data that they have, are a quorum of whatever may decide. */
  suffice(ids: ReadonlySet<NodeId>): boolean {
    const inPlay = this.#options.view.membershipsInPlay();
    const isThere = (id: NodeId, { members }: Membership) => {
      const member = members.find((candidate) => candidate.id === id);
      return ids.has(id) && member !== undefined && this.#isIntact(member);
    };
    return inPlay.length > 0 && haveQuorums(inPlay, isThere);
  }

  #next(): void {
    const { scheduler, plan, chance, skipped } = this.#options;
    // What follows on the heels of another change meets what that has left under way.
    const meanMs = this.#pace.happens(0.3) ? hurryMs : plan.meanIntervalMs;
    const era = this.#era;
    scheduler.after(this.#pace.exponential(meanMs), () => {
      if (this.#era !== era) return;
      this.#chance = chance(`action ${++this.#drawn}`);
      if (!skipped.has(this.#drawn)) this.#act();
      this.#next();
    });
  }

  #act(): void {
    const { plan, machines } = this.#options;
    const chance = this.#chance;
    if (plan.actions.includes("wipe") && chance.happens(0.2)) {
      this.#loseDisk();
      return;
    }
    const machine = chance.happens(0.8) ? this.#leader() : chance.pick(machines);
    const running = machine?.running;
    if (machine === undefined || running === undefined || machine.paused) return;
    const { membership } = running.node.status();
    if (membership.leavesOnRequest === true && chance.happens(0.7)) {
      this.#leaveJoint(machine);
      return;
    }
    this.#change(machine, membership);
  }

  #change(machine: Machine, membership: Membership): void {
    const { plan, view } = this.#options;
    const chance = this.#chance;
    const outside = this.#outside(membership);
    const lost = new Set([
      ...this.lostOf(membership),
      ...view.membershipsInPlay().flatMap((each) => this.lostOf(each)),
    ]);
    const change = drawChange(chance, {
      actions: plan.actions,
      current: membership,
      outside: outside.map(({ member }) => member),
      lost: [...lost],
      addressOf: (id, number) => `node-${id}.simulated:${number}`,
    });
    if (change === undefined || !isPossible(change, [...lost])) return;
    for (const step of change.steps) {
      if (step.kind !== "addLearner" && step.kind !== "addVoter") continue;
      const newcomer = outside.find(({ id }) => id === step.member.id);
      // A newcomer is told how the cluster was founded, if anybody still knows.
      if (newcomer?.blank === true) newcomer.join(chance.happens(0.5) ? this.#options.founders : nobody);
    }
    this.#ask(machine, change);
  }

  /** Machines that are no members there. Whoever was one comes back with its data, or with a new disk. */
  #outside({ members }: Membership): readonly Machine[] {
    const { machines } = this.#options;
    const chance = this.#chance;
    const outside = machines.filter(({ id }) => !members.some((member) => member.id === id));
    for (const machine of outside) {
      if (!machine.blank && chance.happens(0.5) && this.#canLose(machine)) this.#wipe(machine);
    }
    return outside;
  }

  #loseDisk(): void {
    const machine = this.#chance.pick(this.#options.machines.filter(({ blank }) => !blank));
    if (machine !== undefined && this.#canLose(machine)) this.#wipe(machine);
  }

  #wipe(machine: Machine): void {
    this.#count("wipe");
    machine.wipe();
  }

  /** Not while a change is under way that nobody may know of yet. */
  #canLose(machine: Machine): boolean {
    if (this.awaitsAnswer) return false;
    return this.suffice(new Set(this.#options.machines.filter((other) => other !== machine).map(({ id }) => id)));
  }

  #isIntact({ id, memberId }: Member): boolean {
    return this.#options.machines.some((machine) => machine.id === id && machine.member.memberId === memberId);
  }

  #ask(machine: Machine, change: MembershipChange): void {
    this.#count("change");
    this.#options.trace.add(`node ${machine.id} is asked to change the membership: ${JSON.stringify(change)}`);
    this.#request(machine, async ({ node }) => {
      const membership = await node.changeMembership(change, new AbortController().signal);
      this.#bringBack(machine, change);
      return membership;
    });
  }

  /** Who was removed comes back at once, on a new disk, before the leader is done with its former self. */
  #bringBack(leader: Machine, { steps }: MembershipChange): void {
    const { machines, scheduler, plan } = this.#options;
    const chance = this.#chance;
    const removed = steps.find(({ kind }) => kind === "remove");
    const machine = removed?.kind === "remove" ? machines.find(({ id }) => id === removed.id) : undefined;
    if (this.#ended || machine === undefined || !plan.actions.includes("addLearner") || chance.happens(0.5)) return;
    const era = this.#era;
    scheduler.after(chance.between(0, hurryMs), () => {
      if (this.#era !== era || machine.blank || !this.#canLose(machine)) return;
      this.#wipe(machine);
      machine.join(nobody);
      const step = { kind: "addLearner", member: machine.member, promoteWhenCaughtUp: chance.happens(0.5) } as const;
      this.#ask(leader, { steps: [step], transition: "auto" });
    });
  }

  #leaveJoint(machine: Machine): void {
    this.#count("leaveJoint");
    this.#options.trace.add(`node ${machine.id} is asked to leave the joint membership`);
    this.#request(machine, ({ node }) => node.leaveJoint(new AbortController().signal));
  }

  #request(machine: Machine, request: (running: RunningNode) => Promise<Membership>): void {
    machine.handle((running, process) => {
      const asked: Asked = { process, isSettled: false };
      this.#asked.push(asked);
      const settle = (outcome: string) => {
        asked.isSettled = true;
        if (!process.alive) return;
        this.#count(outcome);
        this.#options.trace.add(`node ${machine.id} answers: ${outcome}`);
      };
      request(running).then(
        () => settle("changed"),
        (error: unknown) => settle(codeOf(error)),
      );
    });
  }

  #leader(): Machine | undefined {
    return this.#options.machines.find(({ running }) => running?.node.status().role === "leader");
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
