import type { Fingerprint } from "@raftkv/kv-server";
import type { Membership, NodeId } from "@raftkv/raft-core";
import type { Workload } from "../clients/workload.ts";
import type { Invariants } from "../invariants/invariants.ts";
import type { Machine, RunningNode } from "../machine/machine.ts";
import type { Operator } from "../membership/operator.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

export interface Convergence {
  readonly scheduler: Scheduler;
  readonly machines: readonly Machine[];
  readonly operator: Operator;
  readonly workload: Workload;
  readonly invariants: Invariants;
  /** What each stage may take: 20 election timeouts, and what snapshots take where their pace is bounded. */
  readonly limitMs: number;
  /** Runs the simulation until `done`. Rejects where an invariant breaks. */
  readonly runUntil: (done: () => boolean) => Promise<void>;
}

/** What a client may need to notice that a connection is dead, and to find another node. */
const clientPatienceMs = 10_000;
/** Far more than the longest call of a client may take. */
const longestWorkMs = 600_000;
/** A change of leader prolongs a lease by a quarter of what was left. */
const leasePatience = 1.5;
/**
 * A watch leaves a node that says nothing after 12 s, and the next may be one that says nothing either: a node that was removed, or
 * hears nobody. Three of those in turn are what chance has to bring about in a few thousand runs.
 */
const watchPatienceMs = clientPatienceMs + 45_000;

/**
 * Without faults the cluster elects a leader whom all members follow, leaves a joint membership, serves fresh writes and
 * reads at every member, and comes to equal logs and states with nobody left in a transitional state, each within the
 * limit. Nodes that are no members may be there, and must not disturb.
 */
export async function converge(convergence: Convergence): Promise<void> {
  const { workload, operator } = convergence;
  await within(convergence, "a leader", () =>
    leaderOf(convergence.machines) === undefined ? "nobody leads" : undefined,
  );
  await changesAreAnswered(convergence);
  await within(convergence, "settled membership", () => {
    operator.repair();
    return lacksSettledMembership(convergence);
  });
  await within(convergence, "a leader whom all follow", () => lacksLeader(convergence));
  const members = membersOf(convergence);
  let serving = 0;
  for (const machine of members) void workload.serves(machine, members).then(() => serving++);
  await within(convergence, "fresh writes and reads at every member", () =>
    serving < members.length ? `${serving} of ${members.length} members serve` : undefined,
  );
  await within({ ...convergence, limitMs: longestWorkMs }, "end of what clients are at", () =>
    workload.idle ? undefined : "some have not come to it",
  );
  workload.findMembers(members);
  await within(
    { ...convergence, limitMs: convergence.limitMs + watchPatienceMs },
    "watch that is told of everything",
    () => workload.untold(),
  );
  let served = false;
  void workload.everyClientIsServed().then(() => {
    served = true;
  });
  await within(
    { ...convergence, limitMs: convergence.limitMs + clientPatienceMs },
    "fresh writes by every client",
    () => (served ? undefined : "some have none answered"),
  );
  await leasesEnd(convergence);
  await within(convergence, "equal logs", () => lacksAgreement(convergence));
  await fingerprints(convergence);
}

/** One that is still under way would change the membership behind what is settled; a call may wait in vain, though. */
async function changesAreAnswered({ scheduler, operator, limitMs, runUntil }: Convergence): Promise<void> {
  const endMs = scheduler.nowMs + limitMs;
  await runUntil(() => !operator.awaitsAnswer || scheduler.nowMs > endMs);
}

/** Nobody keeps one alive any more: all are over some time, and go. */
async function leasesEnd(convergence: Convergence): Promise<void> {
  const { workload, scheduler, limitMs, machines } = convergence;
  const { longestTtlMs } = workload;
  if (longestTtlMs === 0) return;
  let soonestMs: number | undefined = 0;
  let ended = false;
  const look = async (): Promise<void> => {
    while (!ended) {
      const leader = leaderOf(machines);
      if (leader !== undefined) soonestMs = await leader.state.firstLeaseDeadlineMs();
      await scheduler.sleep(longestTtlMs / 20);
    }
  };
  void look();
  await within({ ...convergence, limitMs: limitMs + leasePatience * longestTtlMs }, "end of all leases", () =>
    soonestMs === undefined ? undefined : `one is over at cluster time ${soonestMs}`,
  );
  ended = true;
}

/** Runs until nothing is lacking, or the limit is over: then liveness is broken. */
export async function within(
  { runUntil, scheduler, limitMs, invariants }: Convergence,
  what: string,
  lacking: () => string | undefined,
): Promise<void> {
  const beginMs = scheduler.nowMs;
  await runUntil(() => lacking() === undefined || scheduler.nowMs - beginMs > limitMs);
  const missing = lacking();
  if (missing !== undefined)
    invariants.breaks("liveness", `without faults, no ${what} within ${limitMs} ms: ${missing}`);
}

/** Who leads in the latest term that anybody leads in. */
export function leaderOf(machines: readonly Machine[]): RunningNode | undefined {
  return machines.reduce<RunningNode | undefined>((best, { running }) => {
    if (running === undefined) return best;
    const { role, term } = running.node.status();
    return role === "leader" && term > (best?.node.status().term ?? 0) ? running : best;
  }, undefined);
}

/** No change is under way, nobody is about to be promoted, and no member is lost. */
function lacksSettledMembership({ machines, operator }: Convergence): string | undefined {
  const status = leaderOf(machines)?.node.status();
  if (status === undefined) return "nobody leads";
  const { membership, commit, last } = status;
  if (membership.outgoingVoters.length > 0) return "the membership is joint";
  if (operator.lostOf(membership).length > 0) return `lost members: ${operator.lostOf(membership).join(" ")}`;
  if (membership.promoteWhenCaughtUp !== undefined) return `not promoted: ${membership.promoteWhenCaughtUp.join(" ")}`;
  if (!membership.voters.includes(status.identity.nodeId)) return "the leader is no voter any more";
  return commit === last.index ? undefined : "the log is not committed";
}

/** The machines that the leader has in its membership; all of them while nobody leads. */
function membersOf({ machines }: Convergence): readonly Machine[] {
  const membership = leaderOf(machines)?.node.status().membership;
  const ids = new Set(membership === undefined ? [] : idsOf(membership));
  return ids.size === 0 ? machines : machines.filter(({ id }) => ids.has(id));
}

function idsOf({ voters, learners, outgoingVoters }: Membership): readonly NodeId[] {
  return [...voters, ...outgoingVoters, ...learners];
}

function lacksLeader(convergence: Convergence): string | undefined {
  const members = membersOf(convergence);
  const nodes = runningNodes(members);
  if (nodes.length < members.length) return "not every member has come up";
  const leaders = nodes.filter(({ node }) => node.status().role === "leader");
  const leader = leaders[0]?.node.status();
  if (leader === undefined || leaders.length > 1) return `${leaders.length} nodes lead`;
  const following = nodes.filter(({ node }) => node.status().leader?.id === leader.identity.nodeId);
  return following.length === nodes.length ? undefined : `${following.length} of ${nodes.length} follow the leader`;
}

function lacksAgreement(convergence: Convergence): string | undefined {
  const lacking = lacksLeader(convergence);
  if (lacking !== undefined) return lacking;
  const statuses = runningNodes(membersOf(convergence)).map(({ node }) => node.status());
  const ends = new Set(statuses.map(({ last, commit, applied }) => `${last.index}@${last.term}/${commit}/${applied}`));
  if (ends.size > 1) return `logs differ: ${[...ends].join(", ")}`;
  const behind = statuses.find(({ last, applied }) => applied !== last.index);
  if (behind !== undefined)
    return `node ${behind.identity.nodeId} has applied ${behind.applied} of ${behind.last.index}`;
  const stuck = statuses.flatMap(({ progress }) => progress).find(({ state }) => state !== "replicate");
  return stuck === undefined ? undefined : `the leader is in ${stuck.state} with node ${stuck.id}`;
}

/** An entry that comes while they are taken, as that of a new leader, has them taken again: so often. */
const MOST_ROUNDS = 10;

/** Equal hashes of all of the state at an equal index. */
async function fingerprints(convergence: Convergence): Promise<void> {
  const { invariants } = convergence;
  for (let round = 1; ; round++) {
    const found = await askFingerprints(convergence);
    const isAsOfOne = found !== undefined && new Set(found.map(({ index }) => index)).size <= 1;
    if (!isAsOfOne && round < MOST_ROUNDS) {
      await within(convergence, "equal logs", () => lacksAgreement(convergence));
      continue;
    }
    const texts = found?.map(({ index, sha256 }) => `${index} ${sha256}`) ?? ["nodes stop"];
    if (found === undefined || new Set(texts).size > 1)
      invariants.breaks("equal states", `after convergence: ${texts.join(", ")}`);
    return;
  }
}

/** Of all members; undefined: one has stopped meanwhile, for a write of earlier that has failed only now. */
async function askFingerprints(convergence: Convergence): Promise<readonly Fingerprint[] | undefined> {
  const asked = membersOf(convergence).map((machine) => ({ machine, running: machine.running }));
  const found: Fingerprint[] = [];
  let isOver = false;
  for (const { machine } of asked) {
    machine.handle(({ state }) => {
      state.fingerprint().then(
        (fingerprint) => found.push(fingerprint),
        () => {
          isOver = true;
        },
      );
    });
  }
  await convergence.runUntil(() => {
    isOver ||= asked.some(({ machine, running }) => machine.running !== running);
    return isOver || found.length === asked.length;
  });
  return isOver ? undefined : found;
}

function runningNodes(machines: readonly Machine[]): readonly RunningNode[] {
  return machines.flatMap(({ running }) => (running === undefined ? [] : [running]));
}
