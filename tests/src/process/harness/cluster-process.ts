import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ClusterCallError, callCluster, type MemberStatus, type NodeStatus, type StepJson } from "./cluster-call.ts";
import { freePorts } from "./free-ports.ts";
import { NodeProcess } from "./node-process.ts";
import { until } from "./until.ts";

export interface ClusterProcessOptions {
  /** Holds cluster.conf and the data directories `node-1`, `node-2`, … */
  readonly directory: string;
  /** 3 unless told. */
  readonly size?: number;
  /** More fields of cluster.conf, such as `snapshot`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More arguments for every node. */
  readonly args?: readonly string[];
  /** The server's entry point; this build's unless told. `startNode` may name another. */
  readonly main?: string;
}

/** Refusals of a change of membership that pass by themselves. */
const passing: ReadonlySet<string | undefined> = new Set([
  undefined,
  "ERROR_CODE_NO_LEADER",
  "ERROR_CODE_NOT_LEADER",
  "ERROR_CODE_NOT_READY",
  "ERROR_CODE_CHANGE_IN_PROGRESS",
  "ERROR_CODE_WOULD_LOSE_QUORUM",
  "ERROR_CODE_PEER_UNREACHABLE",
]);

/**
 * A cluster of real nodes on loopback. Nodes are started, killed and started again one by one, by their ids; more can
 * join, and members can leave.
 */
export class ClusterProcess implements AsyncDisposable {
  readonly #options: ClusterProcessOptions;
  readonly #nodes = new Map<number, NodeProcess>();
  /** Where each node is, in the order in which they came. */
  readonly #endpoints = new Map<number, string>();
  /** Those that found the cluster. */
  readonly #founders: readonly number[];

  private constructor(options: ClusterProcessOptions, ports: readonly number[]) {
    this.#options = options;
    this.#founders = ports.map((_, position) => position + 1);
    for (const [position, port] of ports.entries()) this.#endpoints.set(position + 1, `127.0.0.1:${port}`);
  }

  /** Every node that was started, ascending; the founders from 1. */
  get ids(): readonly number[] {
    return [...this.#endpoints.keys()].toSorted((a, b) => a - b);
  }

  /** In the order of `ids`. */
  get endpoints(): readonly string[] {
    return this.ids.map((id) => this.endpoint(id));
  }

  endpoint(id: number): string {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) throw new Error(`there is no node ${id}`);
    return endpoint;
  }

  /** Writes cluster.conf and starts every node. */
  static async start(options: ClusterProcessOptions): Promise<ClusterProcess> {
    const cluster = new ClusterProcess(options, await freePorts(options.size ?? 3));
    const nodes = cluster.ids.map((id) => ({ id, address: cluster.endpoint(id) }));
    const config = { nodes, ...options.config };
    await writeFile(cluster.configFile, JSON.stringify(config));
    for (const id of cluster.ids) cluster.startNode(id);
    return cluster;
  }

  get configFile(): string {
    return join(this.#options.directory, "cluster.conf");
  }

  dataDirectory(id: number): string {
    return join(this.#options.directory, `node-${id}`);
  }

  /** Starts a node that does not run: for the first time, or again on the same data. */
  startNode(id: number, args: readonly string[] = [], main = this.#options.main): NodeProcess {
    if (this.#nodes.get(id)?.running) throw new Error(`node ${id} runs already`);
    const ownArgs = ["--config", this.configFile, "--id", String(id), "--data-dir", this.dataDirectory(id)];
    const listen = this.#founders.includes(id) ? [] : ["--listen", this.endpoint(id)];
    const allArgs = [...ownArgs, ...listen, ...(this.#options.args ?? []), ...args];
    const node = NodeProcess.start({ args: allArgs, ...(main === undefined ? {} : { main }) });
    this.#nodes.set(id, node);
    return node;
  }

  /**
   * Starts a node that waits to be added to the cluster. Its address is in `endpoints` from now on; nothing else happens
   * until `changeMembership` adds it. An id that was there before is taken again, on the same port.
   */
  async startJoining(id: number, args: readonly string[] = []): Promise<NodeProcess> {
    const members = this.runningIds().map((other) => this.endpoint(other));
    if (!this.#endpoints.has(id)) this.#endpoints.set(id, await freeEndpoint());
    const node = this.startNode(id, ["--join", members.join(","), ...args]);
    await node.waitFor("listening");
    return node;
  }

  /** Starts a node that does not run on its data again, at another port, and keeps that for later starts. */
  async startMoved(id: number): Promise<NodeProcess> {
    await this.assignNewEndpoint(id);
    const node = this.startNode(id, ["--advertise", this.endpoint(id)]);
    await node.waitFor("listening");
    return node;
  }

  /** Where the node is to be when it is started again, with `--advertise`. */
  async assignNewEndpoint(id: number): Promise<string> {
    const endpoint = await freeEndpoint();
    this.#endpoints.set(id, endpoint);
    return endpoint;
  }

  /** Throws away the data of a node that does not run. */
  async wipe(id: number): Promise<void> {
    if (this.#nodes.get(id)?.running) throw new Error(`node ${id} runs`);
    await rm(this.dataDirectory(id), { recursive: true, force: true });
  }

  /** What a running node says of itself. */
  status(id: number): Promise<NodeStatus> {
    return callCluster(this.endpoint(id), "Status");
  }

  /**
   * Has the leader change the membership, all steps together, and resolves with the members when that is committed. Tries
   * again while nothing stands against it for good; rejects with a `ClusterCallError` where something does.
   */
  async changeMembership(steps: readonly StepJson[], timeoutMs = 30_000): Promise<readonly MemberStatus[]> {
    let last: unknown;
    const attempt = async (): Promise<readonly MemberStatus[] | undefined> => {
      const [asked] = this.runningIds();
      if (asked === undefined) throw new Error("no node runs");
      try {
        const answer = await callCluster<{ members: readonly MemberStatus[] }>(
          this.endpoint(await this.#knownLeader(asked)),
          "ChangeMembership",
          { steps },
        );
        return answer.members;
      } catch (error) {
        if (!(error instanceof ClusterCallError) || !passing.has(error.code)) throw error;
        last = error;
        return undefined;
      }
    };
    return until(() => `a change of membership (${String(last)})`, attempt, timeoutMs);
  }

  /** Waits until this running node has applied what the leader has committed by now. */
  async caughtUp(id: number, timeoutMs = 30_000): Promise<void> {
    const leader = await this.leader();
    const target = BigInt((await this.status(leader)).commitIndex);
    await until(
      `node ${id} to have applied index ${target}`,
      async () => {
        const { appliedIndex = "0" } = await this.#statusIfServed(id);
        return BigInt(appliedIndex) >= target || undefined;
      },
      timeoutMs,
    );
  }

  /** Waits until the leader has the node as a voter. */
  async voter(id: number, timeoutMs = 30_000): Promise<void> {
    await until(
      `node ${id} to be a voter`,
      async () => {
        const { members, membershipCommitted } = await this.status(await this.leader());
        const member = members.find(({ nodeId }) => nodeId === String(id));
        return membershipCommitted && member !== undefined && !member.learner ? true : undefined;
      },
      timeoutMs,
    );
  }

  node(id: number): NodeProcess {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  runningIds(): readonly number[] {
    return this.ids.filter((id) => this.#nodes.get(id)?.running);
  }

  /** The running node that was the last to say that it leads, in the highest term. Waits until there is one. */
  leader(timeoutMs = 15_000): Promise<number> {
    return until(
      () => `a leader of${this.#lastLines()}\n`,
      () => this.#newestLeader(),
      timeoutMs,
    );
  }

  /** SIGTERM to every node at once; resolves with their exit codes by id order once all have ended. */
  async stop(): Promise<readonly (number | null)[]> {
    const statuses = await Promise.all(this.runningIds().map((id) => this.node(id).stop()));
    return statuses.map((status) => status.code);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.killAll();
  }

  /** What a person needs who wonders why a condition did not come about. */
  #lastLines(): string {
    const nodes = [...this.#nodes].map(([id, node]) => {
      const lines = node.events.slice(-8).map((event) => event.message);
      return [`\nnode ${id}${node.running ? "" : " (ended)"}:`, ...lines, node.stderr.trimEnd()].join("\n  ");
    });
    return nodes.join("");
  }

  /** Nothing of a node that does not serve yet. */
  async #statusIfServed(id: number): Promise<Partial<NodeStatus>> {
    try {
      return await this.status(id);
    } catch (error) {
      if (error instanceof ClusterCallError) return {};
      throw error;
    }
  }

  /** The leader as `asked` knows it: a node that has just been started over may not have logged it yet. */
  async #knownLeader(asked: number): Promise<number> {
    const { leaderId } = await this.#statusIfServed(asked);
    const known = leaderId === undefined ? undefined : this.runningIds().find((id) => String(id) === leaderId);
    return known ?? this.leader();
  }

  #newestLeader(): number | undefined {
    const leaders = this.runningIds().flatMap((id) => {
      const last = this.node(id).events.findLast(({ event }) => event === "role")?.fields;
      return last?.role === "leader" ? [{ id, term: Number(last.term) }] : [];
    });
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.id;
  }
}

async function freeEndpoint(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}
