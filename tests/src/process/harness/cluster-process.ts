import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
}

/** A cluster of real nodes on loopback. Nodes are started, killed and started again one by one, by their ids. */
export class ClusterProcess implements AsyncDisposable {
  /** Ascending, from 1. */
  readonly ids: readonly number[];
  readonly endpoints: readonly string[];
  readonly #options: ClusterProcessOptions;
  readonly #nodes = new Map<number, NodeProcess>();

  private constructor(options: ClusterProcessOptions, ports: readonly number[]) {
    this.#options = options;
    this.ids = ports.map((_, position) => position + 1);
    this.endpoints = ports.map((port) => `127.0.0.1:${port}`);
  }

  /** Writes cluster.conf and starts every node. */
  static async start(options: ClusterProcessOptions): Promise<ClusterProcess> {
    const cluster = new ClusterProcess(options, await freePorts(options.size ?? 3));
    const nodes = cluster.ids.map((id) => ({ id, address: cluster.endpoints[id - 1] }));
    const config = { nodes, election_timeout: { min: 150, max: 300 }, ...options.config };
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
  startNode(id: number, args: readonly string[] = []): NodeProcess {
    if (this.#nodes.get(id)?.running) throw new Error(`node ${id} runs already`);
    const ownArgs = ["--config", this.configFile, "--id", String(id), "--data-dir", this.dataDirectory(id)];
    const node = NodeProcess.start({ args: [...ownArgs, ...(this.#options.args ?? []), ...args] });
    this.#nodes.set(id, node);
    return node;
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

  #newestLeader(): number | undefined {
    const leaders = this.runningIds().flatMap((id) => {
      const last = this.node(id).events.findLast(({ event }) => event === "role")?.fields;
      return last?.role === "leader" ? [{ id, term: Number(last.term) }] : [];
    });
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.id;
  }
}
