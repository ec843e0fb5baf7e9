import { type Member, type NodeStatus, RaftKvError } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import { awaitCatchUp, type CatchUpProgress, Interrupted } from "./catch-up.ts";
import type { Cluster, Pace } from "./cluster.ts";
import { checkJoinable } from "./joinable.ts";
import { changeOnceSettled } from "./settled-change.ts";

export interface AddPlan {
  /** Where the node waits to be added; host:port. */
  readonly address: string;
  /** `promoted`: a learner that becomes a voter once it has caught up. `voter`: it votes at once. */
  readonly as: "promoted" | "learner" | "voter";
  readonly priority: number;
  /** Until it has caught up, and votes if it is to. */
  readonly wait: boolean;
  readonly force: boolean;
  readonly timeoutMs: number;
  readonly stallTimeoutMs: number;
}

export interface AddReport {
  say(text: string): void;
  progress(progress: CatchUpProgress): void;
}

export interface AddResult {
  readonly member: Member;
  /** False: it was a member already. */
  readonly added: boolean;
  readonly before: NodeStatus;
  readonly after: NodeStatus;
}

/**
 * Adds the node that waits at an address. Asked for what is so already, it goes on from there. An interruption ends the
 * waiting and leaves the node as it is.
 */
export async function addMember(
  parts: { readonly cluster: Cluster; readonly pace: Pace },
  plan: AddPlan,
  report: AddReport,
  signal: AbortSignal,
): Promise<AddResult> {
  const { timeoutMs, address } = plan;
  const before = await parts.cluster.leader({ timeoutMs, signal });
  const there = before.members.find((other) => other.address === address);
  if (there !== undefined) {
    checkFits(there, plan);
    await checkIsThere(parts.cluster, there, plan, signal);
  }
  const member = there ?? (await add(parts, plan, before, signal));
  report.say(
    `${address} ${there === undefined ? "has joined as" : "is already"} node ${member.nodeId}, ${roleOf(member)}`,
  );
  if (plan.wait) await caughtUp(parts, plan, member, report, signal);
  const after = await parts.cluster.leader({ timeoutMs });
  const now = after.members.find(({ nodeId }) => nodeId === member.nodeId) ?? member;
  return { member: now, added: there === undefined, before, after };
}

async function add(
  parts: { readonly cluster: Cluster; readonly pace: Pace },
  { address, as, priority, force, timeoutMs }: AddPlan,
  { clusterId }: NodeStatus,
  signal: AbortSignal,
): Promise<Member> {
  const inspected = await parts.cluster.inspectAddress(address, { timeoutMs, signal });
  checkJoinable(inspected, address, clusterId);
  const step =
    as === "voter"
      ? ({ kind: "addVoter", address, priority } as const)
      : ({ kind: "addLearner", address, promoteWhenCaughtUp: as === "promoted", priority } as const);
  const { members } = await changeOnceSettled(parts, [step], { timeoutMs, force });
  const member = members.find((other) => other.address === address);
  if (member === undefined) throw new CommandError(`${address} was added, and is no member`, exitCodes.unexpected);
  return member;
}

async function caughtUp(
  parts: { readonly cluster: Cluster; readonly pace: Pace },
  { as, stallTimeoutMs }: AddPlan,
  { nodeId, memberId }: Member,
  report: AddReport,
  signal: AbortSignal,
): Promise<void> {
  const until = as === "promoted" ? "voter" : "caughtUp";
  try {
    await awaitCatchUp(parts, { nodeId, memberId, until, stallTimeoutMs }, signal, (at) => report.progress(at));
  } catch (error) {
    const goesOn =
      as === "promoted" ? "it stays a member, and becomes a voter once it has caught up" : "it stays a member";
    const left = `${goesOn}; to take it back: raftkv member remove ${nodeId}`;
    if (error instanceof Interrupted) throw new Interrupted(`interrupted: ${left}`);
    if (error instanceof CommandError && error.exitCode === exitCodes.unavailable) {
      throw new CommandError(`${error.message}; ${left}`, error.exitCode, { cause: error });
    }
    throw error;
  }
}

/** Whoever lost its data directory may wait at its old address, and is no member. One that is down is not asked for. */
async function checkIsThere(
  cluster: Cluster,
  { nodeId, memberId }: Member,
  { address, timeoutMs }: AddPlan,
  signal: AbortSignal,
): Promise<void> {
  const found = await cluster.inspectAddress(address, { timeoutMs, signal }).catch((error: unknown) => {
    if (error instanceof RaftKvError && error.code === "PEER_UNREACHABLE") return undefined;
    throw error;
  });
  if (found === undefined || found.memberId === memberId) return;
  throw new CommandError(
    `node ${nodeId} at ${address} is a member already, with another data directory than the one that is there now: to add ` +
      `that one, remove the member first (raftkv member remove ${nodeId}), then run this again`,
    exitCodes.refused,
  );
}

/** What is at the address already has to be on the way to what is asked for. */
function checkFits(member: Member, { as, address }: AddPlan): void {
  const { nodeId, learner, promoteWhenCaughtUp } = member;
  const what = `${address} is node ${nodeId} already, ${roleOf(member)}`;
  if (!learner && as === "learner") {
    throw new CommandError(`${what}; to make it a learner: raftkv member demote ${nodeId}`, exitCodes.refused);
  }
  if (learner && as !== "learner" && !promoteWhenCaughtUp) {
    throw new CommandError(`${what}; to make it a voter: raftkv member promote ${nodeId}`, exitCodes.refused);
  }
}

/** "a voter", "a learner". */
export function roleOf({ learner, promoteWhenCaughtUp }: Member): string {
  if (!learner) return "a voter";
  return promoteWhenCaughtUp ? "a learner, which becomes a voter once it has caught up" : "a learner";
}
