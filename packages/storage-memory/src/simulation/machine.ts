import type { Storage } from "@raftkv/kv-server";
import { type Entry, type Member, type Membership, RaftNode, type RaftNodeConfig } from "@raftkv/raft-core";
import { MemoryDisk } from "../disk/memory-disk.ts";
import type { Chance } from "./chance.ts";
import type { LossyNetwork } from "./lossy-network.ts";
import type { Timeline } from "./timeline.ts";
import { WordLog } from "./word-log.ts";

export interface Surroundings {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly network: LossyNetwork;
  readonly membership: Membership;
  readonly config: Partial<RaftNodeConfig>;
  readonly applied: (by: number, entry: Entry) => void;
  readonly tell: (line: string) => void;
}

/** One life of a node, from a start to a crash. */
export interface Process {
  readonly node: RaftNode<number>;
  readonly state: WordLog;
  readonly storage: Storage;
  readonly life: Life;
}

interface Life {
  isOver: boolean;
}

/** A computer: what is on its disk outlives its processes. */
export class Machine {
  readonly #member: Member;
  readonly #around: Surroundings;
  readonly #disk: MemoryDisk;
  readonly #saved = { index: 0, words: [] as readonly string[] };
  readonly #writesUnderWay = new Set<() => void>();
  /** Each write takes up to so long. */
  diskDelayMs = 4;
  /** The next write fails. */
  diskFails = false;
  process: Process | undefined;
  /** What the node reported as its failure. */
  failure: Error | undefined;

  constructor(member: Member, around: Surroundings) {
    this.#member = member;
    this.#around = around;
    this.#disk = new MemoryDisk({ beforeWrite: () => this.#takeTime() });
  }

  get id(): number {
    return this.#member.id;
  }

  /** Now and then the power is lost before it has started: then it stays off. */
  async start(): Promise<void> {
    const { chance, timeline } = this.#around;
    const life: Life = { isOver: false };
    this.failure = undefined;
    this.diskFails = false;
    let outcome: "open" | "started" | Error = "open";
    this.#boot(life).then(
      (process) => {
        outcome = "started";
        if (!life.isOver) this.process = process;
      },
      (error: unknown) => {
        outcome = error instanceof Error ? error : new Error(String(error));
      },
    );
    const patienceMs = chance.happens(0.2) ? chance.random.next() * 10 : 10_000;
    const isOver = await timeline.until(() => outcome !== "open", patienceMs);
    if (Object(outcome) instanceof Error) throw outcome;
    if (isOver) return;
    if (patienceMs === 10_000) throw new Error(`node ${this.id} does not start`);
    life.isOver = true;
    this.#around.network.detach(this.id);
    this.#disk.crash();
  }

  async #boot(life: Life): Promise<Process> {
    const { chance, timeline, network, membership, config, applied } = this.#around;
    const isDead = () => life.isOver;
    const storage = await this.#disk.open({
      dataDir: "",
      nodeId: this.id,
      newMemberId: () => this.#member.memberId,
      onFailure: () => {},
    });
    if (storage.raft.identity().clusterId === undefined) await storage.raft.form("cluster", membership);
    const clock = timeline.clockOf(this.id, isDead);
    const step = () => new Promise<void>((resolve) => clock.setTimer(this.#workMs(), resolve));
    const state = new WordLog({
      saved: this.#saved,
      work: () => (chance.happens(0.5) ? Promise.resolve() : step()),
      merges: () => chance.happens(0.1),
      isDead,
      applied: (entry) => applied(this.id, entry),
    });
    const asText = (_: string, value: unknown) => (value instanceof Error ? value.message : value);
    const note = (message: string, fields: unknown) => this.#tell(`${message} ${JSON.stringify(fields ?? {}, asText)}`);
    const node = await RaftNode.start<number>({
      storage: storage.raft,
      transport: network.transport(this.id),
      stateMachine: state,
      clock,
      random: chance.random,
      logger: { debug: note, info: note, warn: note, error: note },
      config,
      onFailure: (error) => {
        if (!life.isOver) this.failure = error;
      },
    });
    return { node, state, storage, life };
  }

  /** Power is lost. Writes under way may still make it, unheard of by the process. */
  async crash(): Promise<void> {
    const { process } = this;
    if (process === undefined) return;
    this.process = undefined;
    process.life.isOver = true;
    this.#around.network.detach(this.id);
    const surviving = [...this.#writesUnderWay];
    this.#writesUnderWay.clear();
    if (this.#around.chance.happens(0.5)) for (const write of surviving) write();
    await this.#around.timeline.pass(0);
    this.#disk.crash();
    void process.node.close();
  }

  /** In good order: everything ends before the storage is closed. */
  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined) return;
    this.process = undefined;
    const closing = process.node.close().then(async () => {
      await process.storage.state.close();
      await process.storage.raft.close();
    });
    let isClosed = false;
    closing.then(
      () => (isClosed = true),
      (error: unknown) => (this.failure = error instanceof Error ? error : new Error(String(error))),
    );
    await this.#around.timeline.until(() => isClosed || this.failure !== undefined, 10_000);
    this.#around.network.detach(this.id);
    if (!isClosed) throw this.failure ?? new Error(`node ${this.id} does not close`);
    process.life.isOver = true;
  }

  #takeTime(): Promise<void> | undefined {
    if (this.diskFails) throw new Error("the sync failed");
    if (this.process === undefined) return undefined;
    const { life } = this.process;
    const { chance, timeline } = this.#around;
    if (chance.happens(0.2)) return undefined;
    return new Promise((resolve) => {
      this.#writesUnderWay.add(resolve);
      const done = () => {
        if (life.isOver) return;
        this.#writesUnderWay.delete(resolve);
        resolve();
      };
      timeline.after(chance.random.next() * this.diskDelayMs, done, this.id);
    });
  }

  #workMs(): number {
    return this.#around.chance.random.next() * 4;
  }

  #tell(line: string): void {
    this.#around.tell(`${this.id}: ${line}`);
  }
}
