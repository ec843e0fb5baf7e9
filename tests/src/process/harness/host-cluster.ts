import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkHosts } from "./network-hosts.ts";
import { NodeProcess } from "./node-process.ts";
import { until } from "./until.ts";

const port = 50051;

/** Long: that nobody is elected without need is to be seen on a busy machine too, where processes wait for a core. */
const electionTimeout = { min: 600, max: 1_200 };

/** A cluster of real nodes, node N on host N. */
export class HostCluster implements AsyncDisposable {
  readonly ids: readonly number[];
  readonly endpoints: readonly string[];
  readonly #nodes: ReadonlyMap<number, NodeProcess>;

  private constructor(nodes: ReadonlyMap<number, NodeProcess>, endpoints: readonly string[]) {
    this.ids = [...nodes.keys()];
    this.endpoints = endpoints;
    this.#nodes = nodes;
  }

  static async start(hosts: NetworkHosts, size: number, directory: string): Promise<HostCluster> {
    const ids = Array.from({ length: size }, (_, position) => position + 1);
    const endpoints = ids.map((id) => `${hosts.address(id)}:${port}`);
    const nodes = ids.map((id) => ({ id, address: `${hosts.address(id)}:${port}` }));
    const config = join(directory, "cluster.conf");
    await writeFile(config, JSON.stringify({ nodes, election_timeout: electionTimeout }));
    const start = (id: number) =>
      NodeProcess.start({
        args: ["--config", config, "--id", String(id), "--data-dir", join(directory, `node-${id}`)],
        wrapper: hosts.wrapper(id),
      });
    return new HostCluster(new Map(ids.map((id) => [id, start(id)])), endpoints);
  }

  /** The last role and term that the node has told. */
  role(id: number): { readonly role: string; readonly term: number } {
    const last = this.#node(id).events.findLast(({ event }) => event === "role")?.fields;
    return { role: String(last?.role ?? "none"), term: Number(last?.term ?? 0) };
  }

  /** One of `candidates` that leads in a term of at least `fromTerm`. Waits until there is one. */
  leader(candidates: readonly number[] = this.ids, fromTerm = 0): Promise<number> {
    const leads = (id: number) => this.role(id).role === "leader" && this.role(id).term >= fromTerm;
    return until(
      () => `a leader among ${candidates.join(", ")}`,
      () => candidates.filter(leads).toSorted((a, b) => this.role(b).term - this.role(a).term)[0],
      30_000,
    );
  }

  /** Waits until the node has told that it is in that role, in a term of at least `fromTerm`. */
  async becomes(id: number, role: string, fromTerm = 0): Promise<void> {
    await until(
      () => `node ${id} as ${role}`,
      () => (this.role(id).role === role && this.role(id).term >= fromTerm ? true : undefined),
    );
  }

  /** Waits until the node has told that it leads no longer, whatever it does instead. */
  async stepsDown(id: number): Promise<void> {
    await until(
      () => `node ${id} no longer as leader`,
      () => (this.role(id).role === "leader" ? undefined : true),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()));
  }

  #node(id: number): NodeProcess {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }
}
