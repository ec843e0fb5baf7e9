import { type InspectedNode, type Member, type NodeStatus, RaftKvError } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import { awaitCatchUp, type CatchUpProgress, Interrupted } from "./catch-up.ts";
import type { Cluster, Pace } from "./cluster.ts";
import { checkJoinable } from "./joinable.ts";
import { replaceStart } from "./replace-start.ts";
import { changeOnceSettled } from "./settled-change.ts";

export interface ReplacePlan {
  /** The voter that is to go. */
  readonly nodeId: number;
  /** Where the node that is to take its place waits to be added; host:port. */
  readonly address: string;
  /** Of each request, with its retries. */
  readonly timeoutMs: number;
  /** Without progress for so long, the operation is given up. */
  readonly stallTimeoutMs: number;
  /** Swap even if the voters that are alive would be no quorum. */
  readonly force: boolean;
}

export interface ReplaceReport {
  /** A sentence on what happens now. */
  say(text: string): void;
  progress(progress: CatchUpProgress): void;
}

export interface ReplaceResult {
  readonly replaced: number;
  readonly by: Member;
  /** False: there was nothing left to do. */
  readonly changed: boolean;
  /** The leader's view of what came of it. */
  readonly status: NodeStatus;
}

/** How far it has come, which decides what an interruption does. */
type Phase =
  | { readonly kind: "looking" }
  /** The new node was asked to be added, or is a learner. `found`: it was one before, and stays one. */
  | { readonly kind: "adding"; readonly inspected: InspectedNode }
  | { readonly kind: "learning"; readonly learner: Member; readonly found: boolean }
  /** From here on there is no way back. */
  | { readonly kind: "swapping"; readonly by: Member }
  | { readonly kind: "over" };

const lookEveryMs = 100;

/**
 * Puts a new node in the place of a voter: adds it as a learner, waits until it has caught up, and swaps the two in one
 * joint change, so that at each moment as many voters as before are there. The voter may be dead, or lead. Whatever fails or
 * is interrupted before the swap is undone; after that it waits for the outcome. Begun again, it goes on where things stand.
 */
export class ReplaceMember {
  readonly #parts: { readonly cluster: Cluster; readonly pace: Pace };
  readonly #plan: ReplacePlan;
  readonly #report: ReplaceReport;
  #phase: Phase = { kind: "looking" };

  constructor(parts: { readonly cluster: Cluster; readonly pace: Pace }, plan: ReplacePlan, report: ReplaceReport) {
    this.#parts = parts;
    this.#plan = plan;
    this.#report = report;
  }

  /** Throws `Interrupted` where `signal` ended it and it was undone; else a CommandError or a RaftKvError. */
  async run(signal: AbortSignal): Promise<ReplaceResult> {
    const hearInterrupt = (): void => this.#interrupted();
    signal.addEventListener("abort", hearInterrupt);
    try {
      return await this.#run(signal);
    } catch (error) {
      if (error instanceof RaftKvError && error.code === "ABORTED") throw new Interrupted("interrupted");
      throw error;
    } finally {
      signal.removeEventListener("abort", hearInterrupt);
    }
  }

  /** What would be left behind if the process ended now, and how to clean up. Undefined: nothing. */
  leftBehind(): string | undefined {
    const { nodeId, address } = this.#plan;
    switch (this.#phase.kind) {
      case "looking":
      case "over":
        return undefined;
      case "adding":
        return `${address} may be a learner now: raftkv member list shows it, raftkv member remove takes it back`;
      case "learning":
        return stillLearner(this.#phase.learner);
      case "swapping":
        return (
          `node ${this.#phase.by.nodeId} may have taken the place of node ${nodeId}, or may still do so: raftkv member list ` +
          "shows it, and the same command again takes up where things stand"
        );
    }
  }

  async #run(signal: AbortSignal): Promise<ReplaceResult> {
    const { nodeId, address } = this.#plan;
    const status = await this.#leader(signal);
    const start = replaceStart(status, nodeId, address);
    if (start.kind === "done") return { replaced: nodeId, by: start.by, changed: false, status };
    if (start.kind === "swapping") {
      this.#phase = { kind: "swapping", by: start.by };
      return this.#verified(start.by);
    }
    try {
      const learner =
        start.kind === "learner"
          ? await this.#takeUp(start.learner, signal)
          : await this.#add(start.old, status, signal);
      await this.#caughtUp(learner, signal);
      if (signal.aborted) throw new Interrupted("interrupted");
      await this.#swap(learner);
      return await this.#verified(learner);
    } catch (error) {
      throw await this.#undone(error);
    }
  }

  /** An earlier run has added it, or somebody else. */
  async #takeUp(learner: Member, signal: AbortSignal): Promise<Member> {
    const { memberId } = await this.#inspect(signal);
    if (memberId !== learner.memberId) {
      throw new CommandError(
        `node ${learner.nodeId} at ${learner.address} is a learner whose data directory is not the one that is there ` +
          `now: remove it first (raftkv member remove ${learner.nodeId})`,
        exitCodes.refused,
      );
    }
    this.#report.say(`node ${learner.nodeId} at ${learner.address} is a learner already: going on from there`);
    this.#phase = { kind: "learning", learner, found: true };
    return learner;
  }

  /** The answer is waited for, also when interrupted: it says what there is to undo. */
  async #add(old: Member, { clusterId }: NodeStatus, signal: AbortSignal): Promise<Member> {
    const { address, timeoutMs } = this.#plan;
    const inspected = await this.#inspect(signal);
    checkJoinable(inspected, address, clusterId);
    if (signal.aborted) throw new Interrupted("interrupted");
    this.#phase = { kind: "adding", inspected };
    const step = { kind: "addLearner", address, promoteWhenCaughtUp: false, priority: old.priority } as const;
    const { members } = await changeOnceSettled(this.#parts, [step], { timeoutMs });
    const learner = members.find((member) => member.address === address);
    if (learner === undefined) throw new CommandError(`${address} was added, and is no member`, exitCodes.unexpected);
    this.#phase = { kind: "learning", learner, found: false };
    this.#report.say(`${address} has joined as node ${learner.nodeId}, a learner`);
    return learner;
  }

  async #caughtUp({ nodeId, memberId }: Member, signal: AbortSignal): Promise<void> {
    const { stallTimeoutMs } = this.#plan;
    await awaitCatchUp(this.#parts, { nodeId, memberId, until: "caughtUp", stallTimeoutMs }, signal, (progress) =>
      this.#report.progress(progress),
    );
  }

  /** Returns once the change is made. Throws with the phase set back where it certainly was not. */
  async #swap(learner: Member): Promise<void> {
    const { nodeId, timeoutMs, stallTimeoutMs, force } = this.#plan;
    const { pace } = this.#parts;
    const before = this.#phase;
    const step = { kind: "replace", nodeId, by: learner.nodeId } as const;
    const deadline = pace.now() + stallTimeoutMs;
    this.#phase = { kind: "swapping", by: learner };
    this.#report.say(`node ${learner.nodeId} has caught up: swapping it for node ${nodeId}`);
    for (let inDoubt = false; ; inDoubt = true) {
      try {
        await changeOnceSettled(this.#parts, [step], { timeoutMs, force });
        return;
      } catch (error) {
        if (!(error instanceof RaftKvError)) throw error;
        const found = error.outcomeUnknown || inDoubt ? await this.#lookUpSwap(learner, deadline) : "notSwapped";
        if (found === "swapped") return;
        if (found === "inDoubt") throw this.#inDoubt(error);
        if (!error.outcomeUnknown) {
          this.#phase = before;
          throw error;
        }
      }
    }
  }

  /** Looks until the membership is settled, and so shows which. */
  async #lookUpSwap(learner: Member, deadline: number): Promise<"swapped" | "notSwapped" | "inDoubt"> {
    const { pace } = this.#parts;
    while (pace.now() < deadline) {
      const status = await this.#leaderIfAny();
      if (status?.membershipCommitted === true && !status.joint) {
        return isSwapped(status, this.#plan.nodeId, learner) ? "swapped" : "notSwapped";
      }
      await pace.wait(lookEveryMs);
    }
    return "inDoubt";
  }

  /** The joint membership is left and committed, and the new node votes in the place of the old one. */
  async #verified(by: Member): Promise<ReplaceResult> {
    const { nodeId, stallTimeoutMs } = this.#plan;
    const { pace } = this.#parts;
    const deadline = pace.now() + stallTimeoutMs;
    while (pace.now() < deadline) {
      const status = await this.#leaderIfAny();
      if (status?.membershipCommitted === true && isSwapped(status, nodeId, by)) {
        this.#phase = { kind: "over" };
        return { replaced: nodeId, by, changed: true, status };
      }
      await pace.wait(lookEveryMs);
    }
    throw this.#inDoubt(undefined);
  }

  /** The error to end with, once what this run has added is removed again. */
  async #undone(error: unknown): Promise<unknown> {
    const phase = this.#phase;
    if (phase.kind === "learning" && phase.found) {
      return withWord(error, `${stillLearner(phase.learner)} (it was one before this command)`);
    }
    const added = phase.kind === "learning" ? phase.learner : await this.#findAdded(phase, error);
    if (added === "inDoubt") return this.#inDoubt(error);
    if (added === undefined) return error;
    this.#report.say(`removing the learner ${added.nodeId} again`);
    try {
      await this.#removeLearner(added);
    } catch (undoError) {
      return withWord(error, `undoing failed (${messageOf(undoError)}): ${stillLearner(added)}`);
    }
    this.#phase = { kind: "over" };
    return withWord(
      error,
      `the learner ${added.nodeId} is removed again, and the members are as before (the node at ${added.address} stops; to ` +
        "join again, it needs an empty data directory)",
    );
  }

  /** Somebody else may have promoted or removed it meanwhile. */
  async #removeLearner({ nodeId, memberId }: Member): Promise<void> {
    const { timeoutMs } = this.#plan;
    const now = (await this.#leader()).members.find((member) => member.memberId === memberId);
    if (now === undefined) return;
    if (!now.learner) throw new CommandError(`node ${nodeId} has become a voter`, exitCodes.refused);
    await changeOnceSettled(this.#parts, [{ kind: "remove", nodeId }], { timeoutMs });
  }

  /** What an addition of unknown outcome has come to, once the membership is settled. */
  async #findAdded(phase: Phase, error: unknown): Promise<Member | undefined | "inDoubt"> {
    if (phase.kind !== "adding" || !(error instanceof RaftKvError && error.outcomeUnknown)) return undefined;
    const { memberId } = phase.inspected;
    const deadline = this.#parts.pace.now() + this.#plan.timeoutMs;
    while (this.#parts.pace.now() < deadline) {
      const status = await this.#leaderIfAny();
      if (status?.membershipCommitted) return status.members.find((member) => member.memberId === memberId);
      await this.#parts.pace.wait(lookEveryMs);
    }
    return "inDoubt";
  }

  #interrupted(): void {
    if (this.#phase.kind === "swapping") {
      this.#report.say(
        "interrupted: the swap has been asked for and is not taken back; waiting for its outcome (Ctrl-C again ends at once)",
      );
    } else {
      const isOwn = this.#phase.kind === "adding" || (this.#phase.kind === "learning" && !this.#phase.found);
      this.#report.say(isOwn ? "interrupted: undoing what was done so far (Ctrl-C again ends at once)" : "interrupted");
    }
  }

  #inDoubt(cause: unknown): CommandError {
    const why = cause === undefined ? "no leader says so yet" : messageOf(cause);
    return new CommandError(`${this.leftBehind() ?? "the outcome is not known"} (${why})`, exitCodes.outcomeUnknown);
  }

  #inspect(signal: AbortSignal): Promise<InspectedNode> {
    const { address, timeoutMs } = this.#plan;
    return this.#parts.cluster.inspectAddress(address, { timeoutMs, signal });
  }

  #leader(signal?: AbortSignal): Promise<NodeStatus> {
    const { timeoutMs } = this.#plan;
    return this.#parts.cluster.leader(signal === undefined ? { timeoutMs } : { timeoutMs, signal });
  }

  async #leaderIfAny(): Promise<NodeStatus | undefined> {
    try {
      return await this.#leader();
    } catch (error) {
      if (error instanceof RaftKvError) return undefined;
      throw error;
    }
  }
}

function isSwapped({ members, joint }: NodeStatus, nodeId: number, by: Member): boolean {
  const now = members.find((member) => member.memberId === by.memberId);
  return !joint && now?.learner === false && !members.some((member) => member.nodeId === nodeId);
}

function stillLearner({ nodeId, address }: Member): string {
  return `node ${nodeId} at ${address} is still a learner; to take it back: raftkv member remove ${nodeId}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same error, which says one thing more. */
function withWord(error: unknown, word: string): unknown {
  const message = `${messageOf(error)}; ${word}`;
  if (error instanceof Interrupted) return new Interrupted(message, { cause: error });
  if (error instanceof CommandError) return new CommandError(message, error.exitCode, { cause: error });
  if (!(error instanceof RaftKvError)) return error;
  return new RaftKvError(error.code, message, { cause: error });
}
