import type { Workload } from "./clients/workload.ts";
import type { Invariants } from "./invariants/invariants.ts";
import type { Machine, RunningNode } from "./machine/machine.ts";
import type { Scheduler } from "./scheduler/scheduler.ts";

interface ConvergenceOptions {
  readonly scheduler: Scheduler;
  readonly machines: readonly Machine[];
  readonly workload: Workload;
  readonly invariants: Invariants;
  /** What each stage may take: 20 election timeouts. */
  readonly limitMs: number;
  /** Runs the simulation until `done`. Rejects where an invariant breaks. */
  readonly runUntil: (done: () => boolean) => Promise<void>;
}

/**
 * Without faults the cluster elects a leader whom all follow, serves fresh writes and reads at every node, and comes to
 * equal logs and states with nobody left in a transitional state, each within the limit.
 */
export async function converge(options: ConvergenceOptions): Promise<void> {
  const { machines, workload } = options;
  await within(options, "a leader whom all follow", () => lacksLeader(machines));
  let serving = 0;
  for (const machine of machines) void workload.serves(machine).then(() => serving++);
  await within(options, "fresh writes and reads at every node", () =>
    serving < machines.length ? `${serving} of ${machines.length} nodes serve` : undefined,
  );
  await options.runUntil(() => workload.idle);
  await within(options, "equal logs", () => lacksAgreement(machines));
  await fingerprints(options);
}

async function within(
  { runUntil, scheduler, limitMs, invariants }: ConvergenceOptions,
  what: string,
  lacking: () => string | undefined,
): Promise<void> {
  const beginMs = scheduler.nowMs;
  await runUntil(() => lacking() === undefined || scheduler.nowMs - beginMs > limitMs);
  const missing = lacking();
  if (missing !== undefined)
    invariants.breaks("liveness", `without faults, no ${what} within ${limitMs} ms: ${missing}`);
}

function lacksLeader(machines: readonly Machine[]): string | undefined {
  const nodes = runningNodes(machines);
  if (nodes.length < machines.length) return "not every node has come up";
  const leaders = nodes.filter(({ node }) => node.status().role === "leader");
  const leader = leaders[0]?.node.status();
  if (leader === undefined || leaders.length > 1) return `${leaders.length} nodes lead`;
  const following = nodes.filter(({ node }) => node.status().leader?.id === leader.identity.nodeId);
  return following.length === nodes.length ? undefined : `${following.length} of ${nodes.length} follow the leader`;
}

function lacksAgreement(machines: readonly Machine[]): string | undefined {
  const lacking = lacksLeader(machines);
  if (lacking !== undefined) return lacking;
  const statuses = runningNodes(machines).map(({ node }) => node.status());
  const ends = new Set(statuses.map(({ last, commit, applied }) => `${last.index}@${last.term}/${commit}/${applied}`));
  if (ends.size > 1) return `logs differ: ${[...ends].join(", ")}`;
  const behind = statuses.find(({ last, applied }) => applied !== last.index);
  if (behind !== undefined)
    return `node ${behind.identity.nodeId} has applied ${behind.applied} of ${behind.last.index}`;
  const stuck = statuses.flatMap(({ progress }) => progress).find(({ state }) => state !== "replicate");
  return stuck === undefined ? undefined : `the leader is in ${stuck.state} with node ${stuck.id}`;
}

/** Equal hashes of all of the state at an equal index. */
async function fingerprints({ machines, runUntil, invariants }: ConvergenceOptions): Promise<void> {
  const found: string[] = [];
  for (const machine of machines) {
    machine.handle(({ state }) => {
      void state.fingerprint().then(({ index, sha256 }) => found.push(`${index} ${sha256}`));
    });
  }
  await runUntil(() => found.length === machines.length);
  if (new Set(found).size > 1) invariants.breaks("equal states", `after convergence: ${found.join(", ")}`);
}

function runningNodes(machines: readonly Machine[]): readonly RunningNode[] {
  return machines.flatMap(({ running }) => (running === undefined ? [] : [running]));
}
