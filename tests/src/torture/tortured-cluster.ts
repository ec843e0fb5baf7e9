import { appendFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEvent } from "../process/harness/log-event.ts";
import type { NetworkHosts } from "../process/harness/network-hosts.ts";
import { NodeProcess } from "../process/harness/node-process.ts";
import { until } from "../process/harness/until.ts";
import { Preloads } from "./preloads.ts";
import { SmallDisk } from "./small-disk.ts";

export interface TorturedClusterOptions {
  readonly directory: string;
  /** One of each node, by position. */
  readonly endpoints: readonly string[];
  readonly hosts: NetworkHosts | undefined;
  readonly smallDisks: boolean;
  readonly failingCalls: boolean;
  readonly wallClock: boolean;
  readonly observer: ClusterObserver;
}

/** Is told what the nodes do. */
export interface ClusterObserver {
  /** A node has become leader. */
  onLeader(node: number, term: number): void;
  /** A process has ended that nobody killed. */
  onEnd(end: NodeEnd): void;
}

export interface NodeEnd {
  readonly node: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines on standard error. */
  readonly message: string;
  /** Its disk gave it a reason to end, and it ended as it should. */
  readonly expected: boolean;
}

export interface FailingCalls {
  readonly reads: boolean;
  /** Also in processes that are started meanwhile, from their beginning. */
  readonly inNewProcesses: boolean;
}

/** Exit codes: the data directory cannot be used; a write or a sync failed. */
const endsOfBadDisk = [4, 6];

/** A file is damaged: SQLite does not tell that from a disk that refuses to read. */
const endsOfUnreadableDisk = [...endsOfBadDisk, 5];

interface TorturedNode {
  readonly id: number;
  readonly preloads: Preloads;
  readonly disk: SmallDisk | undefined;
  process: NodeProcess | undefined;
  /** It was killed, and is not to be started until somebody says so. */
  down: boolean;
  /** What the state of its disk gives a reason for: exit codes with which a process may end. */
  reasonsToEnd: readonly number[];
  /** The same over the whole life of the process that runs. */
  mayEndWith: ReadonlySet<number>;
}

/** Short, so that logs are compacted and snapshots sent all the time. */
const snapshots = { entries: 2_000, tail_entries: 200 };

/** As a supervisor does it. */
const startAgainAfterMs = 250;

const startBoundMs = 120_000;

/** Real nodes, started again by a supervisor whenever one ends by itself. */
export class TorturedCluster implements AsyncDisposable {
  readonly ids: readonly number[];
  readonly #options: TorturedClusterOptions;
  readonly #nodes: ReadonlyMap<number, TorturedNode>;
  #killed = 0;
  #stopping = false;

  private constructor(options: TorturedClusterOptions) {
    this.#options = options;
    this.ids = options.endpoints.map((_, position) => position + 1);
    this.#nodes = new Map(this.ids.map((id) => [id, this.#prepare(id)]));
  }

  static async start(options: TorturedClusterOptions): Promise<TorturedCluster> {
    const nodes = options.endpoints.map((address, position) => ({ id: position + 1, address }));
    const config = { nodes, snapshot: snapshots };
    writeFileSync(join(options.directory, "cluster.conf"), JSON.stringify(config));
    const cluster = new TorturedCluster(options);
    cluster.startAgain(cluster.ids);
    await cluster.listening(cluster.ids);
    return cluster;
  }

  /** Processes that were ended by kill -9 so far. */
  get killed(): number {
    return this.#killed;
  }

  /** The node that was the last to say that it leads, in the highest term; it may not know yet that it does no more. */
  leader(): number | undefined {
    const led = this.ids.flatMap((id) => {
      const role = this.#node(id).process?.events.findLast(({ event }) => event === "role")?.fields;
      return role?.role === "leader" ? [{ id, term: Number(role.term) }] : [];
    });
    return led.toSorted((a, b) => b.term - a.term)[0]?.id;
  }

  disk(id: number): { fill(): void; makeRoom(): void } {
    const node = this.#node(id);
    const { disk } = node;
    if (disk === undefined) throw new Error(`node ${id} has no disk of its own`);
    return {
      fill: () => {
        diskTurnsBad(node, endsOfBadDisk);
        disk.fill();
      },
      makeRoom: () => {
        disk.makeRoom();
        node.reasonsToEnd = [];
      },
    };
  }

  /** Paused or not, they get no chance to finish anything. Resolves when they have ended. */
  async kill(ids: readonly number[]): Promise<void> {
    const running = ids.map((id) => this.#node(id));
    for (const node of running) node.down = true;
    const ended = running.map(async ({ process }) => {
      if (!process?.running) return;
      this.#killed++;
      await process.kill();
    });
    await Promise.all(ended);
  }

  signal(ids: readonly number[], signal: NodeJS.Signals): void {
    for (const id of ids) this.#node(id).process?.signal(signal);
  }

  /** Starts those that do not run, on their data. */
  startAgain(ids: readonly number[]): void {
    for (const id of ids) {
      const node = this.#node(id);
      node.down = false;
      if (!node.process?.running) this.#start(node);
    }
  }

  /** Waits until each of them has opened its data and listens. */
  async listening(ids: readonly number[]): Promise<void> {
    const listens = (id: number) => {
      const { process } = this.#node(id);
      return process?.running && process.events.some(({ event }) => event === "listening");
    };
    const what = () => `nodes ${ids.filter((id) => !listens(id)).join(", ")} to listen: ${this.#lastWords(ids)}`;
    await until(what, () => ids.every(listens) || undefined, startBoundMs);
  }

  async failCalls(ids: readonly number[], commands: readonly string[], options: FailingCalls): Promise<void> {
    for (const id of ids) {
      const node = this.#node(id);
      diskTurnsBad(node, options.reads ? endsOfUnreadableDisk : endsOfBadDisk);
      await node.preloads.fail(pidOf(node), commands, options.inNewProcesses);
    }
  }

  async mendCalls(ids: readonly number[], commands: readonly string[]): Promise<void> {
    for (const id of ids) {
      const node = this.#node(id);
      await node.preloads.mend(pidOf(node), commands);
      node.reasonsToEnd = [];
    }
  }

  setWallClock(ids: readonly number[], seconds: number): void {
    for (const id of ids) this.#node(id).preloads.setWallClock(seconds);
  }

  /** Ends all processes, and copies what is on disks that will be gone to where the other data is. */
  async keepData(): Promise<void> {
    await this.#end();
    for (const { id, disk } of this.#nodes.values()) {
      const data = this.#dataDirectory(id);
      if (disk !== undefined) cpSync(data, `${data}-kept`, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    for (const { disk } of this.#nodes.values()) disk?.[Symbol.dispose]();
  }

  async #end(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#nodes.values()].map(({ process }) => process?.kill()));
  }

  #prepare(id: number): TorturedNode {
    const { directory, failingCalls, wallClock, smallDisks } = this.#options;
    const data = this.#dataDirectory(id);
    mkdirSync(data, { recursive: true });
    return {
      id,
      preloads: new Preloads(join(directory, `preloads-${id}`), { failingCalls, wallClock }),
      disk: smallDisks ? SmallDisk.mount(data) : undefined,
      process: undefined,
      down: false,
      reasonsToEnd: [],
      mayEndWith: new Set(),
    };
  }

  #start(node: TorturedNode): void {
    const { directory, hosts, observer } = this.#options;
    const { id, preloads } = node;
    node.mayEndWith = new Set(node.reasonsToEnd);
    const process = NodeProcess.start({
      args: ["--config", join(directory, "cluster.conf"), "--id", String(id), "--data-dir", this.#dataDirectory(id)],
      wrapper: [...(hosts?.wrapper(id) ?? []), ...preloads.wrapper()],
      onEvent: (event) => {
        const term = leadershipIn(event);
        if (term !== undefined) observer.onLeader(id, term);
      },
    });
    node.process = process;
    void process.exited.then(({ code, signal }) => {
      this.#keepLog(node, process);
      if (this.#stopping || node.down || node.process !== process) return;
      const message = process.stderr.trim().split("\n").slice(-20).join("\n");
      const expected = code !== null && node.mayEndWith.has(code);
      observer.onEnd({ node: id, code, signal, message, expected });
      setTimeout(() => {
        if (!this.#stopping && !node.down && node.process === process) this.#start(node);
      }, startAgainAfterMs);
    });
  }

  /** For whoever wonders about a run that failed. */
  #keepLog({ id }: TorturedNode, process: NodeProcess): void {
    const lines = [...process.events.map(({ fields }) => JSON.stringify(fields)), process.stderr];
    appendFileSync(join(this.#options.directory, `node-${id}.log`), `${lines.join("\n")}\n`);
  }

  #dataDirectory(id: number): string {
    return join(this.#options.directory, `node-${id}`);
  }

  #lastWords(ids: readonly number[]): string {
    const words = (id: number) => {
      const { process } = this.#node(id);
      return process?.stderr.trim() || process?.events.at(-1)?.message || "nothing";
    };
    return ids.map((id) => `node ${id}: ${words(id)}`).join("; ");
  }

  #node(id: number): TorturedNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }
}

function diskTurnsBad(node: TorturedNode, reasonsToEnd: readonly number[]): void {
  node.reasonsToEnd = reasonsToEnd;
  node.mayEndWith = new Set([...node.mayEndWith, ...reasonsToEnd]);
}

function pidOf({ process }: TorturedNode): number | undefined {
  return process?.running ? process.pid : undefined;
}

function leadershipIn({ event, fields }: LogEvent): number | undefined {
  return event === "role" && fields.role === "leader" ? Number(fields.term) : undefined;
}
