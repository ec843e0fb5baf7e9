import type { StoragePackage } from "@raftkv/kv-server";
import type { Membership, RaftNodeConfig, RestoredState } from "@raftkv/raft-core";
import { MemoryNetwork, membershipOf, seededRandom } from "@raftkv/raft-core/testing";
import { MemoryDisk } from "@raftkv/storage-memory";
import { putCommand } from "./command.ts";
import { Machine } from "./machine.ts";
import { ManualClock } from "./manual-clock.ts";
import type { SnapshotTrouble } from "./snapshot-trouble.ts";
import { troubledTransport } from "./snapshot-trouble.ts";
import { StorageFault } from "./storage-fault.ts";

/** The machine whose storage fails. */
export const tested = 1;

/** Turns of the event loop without anything happening, after which nothing more is on its way. */
const quietTurns = 4;
const mostMoves = 20_000;

const readLimits = { pageBytes: 1_000_000, totalBytes: 1_000_000 };

/** So little is kept in memory, and so eagerly compacted when asked, that log and snapshots are read from storage. */
const config: Partial<RaftNodeConfig> = {
  maxCachedBytes: 1_500,
  snapshot: { entries: 1_000_000, bytes: 1_000_000_000, tailEntries: 0 },
  snapshotsFromFollowers: false,
  writeStallMs: Number.POSITIVE_INFINITY,
};
const eager = { electionTimeoutMinMs: 50, electionTimeoutMaxMs: 60 };
const patient = { electionTimeoutMinMs: 400, electionTimeoutMaxMs: 500 };

export interface StageOptions {
  /** What machine 1 stores its data with; the others are on memory disks that never fail. */
  readonly package: StoragePackage;
  readonly dataDir: string;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  /** Who becomes leader as long as it is up. */
  readonly leader: number;
  readonly fault: StorageFault;
}

/** A cluster of real nodes in one process. Time moves only once nothing is on its way any more. */
export class Stage {
  readonly machines: ReadonlyMap<number, Machine>;
  /** What goes wrong with the next snapshots for machine 1, in their order. */
  readonly trouble: SnapshotTrouble[] = [];
  readonly #clock = new ManualClock();
  readonly #network = new MemoryNetwork();
  readonly #acknowledged = new Map<string, string>();
  /** Machines that are started again whenever they are down. */
  readonly #up = new Set<number>();
  /** The last index that machine 1 has told a leader it holds durably. */
  #owed = 0;
  /** What machine 1 held when it came up last. */
  #lookedAt: RestoredState | undefined;

  constructor(options: StageOptions) {
    const ids = [...options.voters, ...options.learners];
    const membership: Membership = {
      ...membershipOf(...ids),
      voters: options.voters,
      learners: options.learners.map((id) => id),
    };
    const machine = (id: number): Machine =>
      new Machine({
        id,
        package: id === tested ? options.package : new MemoryDisk(),
        dataDir: options.dataDir,
        membership,
        config: { ...config, ...(id === options.leader ? eager : patient) },
        clock: this.#clock,
        random: seededRandom(id),
        fault: id === tested ? options.fault : new StorageFault(),
        transport: () =>
          troubledTransport(this.#network.transport(id), (to) => (to === tested ? this.trouble.shift() : undefined)),
      });
    this.machines = new Map(ids.map((id) => [id, machine(id)]));
  }

  /** They run from now on, and are started again if they end. Resolves when they are up. */
  async start(...ids: readonly number[]): Promise<void> {
    for (const id of ids) this.#up.add(id);
    await this.until(`machines ${ids} to be up`, () => ids.every((id) => this.machine(id).running !== undefined));
  }

  /** Stops it in order, or as far as it gets. It stays down. */
  async stop(id: number): Promise<void> {
    this.#up.delete(id);
    const machine = this.machine(id);
    void machine.stop().catch(() => undefined);
    await this.until(`machine ${id} to stop`, () => machine.down);
    await machine.released();
  }

  /** Puts a key that nobody has put before, again and again until that is acknowledged. */
  async put(key: string, value = `value of ${key}`): Promise<void> {
    while (!this.#acknowledged.has(key)) {
      await this.until("a leader", () => this.#leader() !== undefined);
      const leader = this.#leader();
      const running = leader?.running;
      if (leader === undefined || running === undefined) continue;
      const { node, state } = running;
      let outcome: "answered" | "failed" | undefined;
      node.propose(putCommand(state.clusterClock.stampMs(node.status().term), key, value)).then(
        ({ kind }) => {
          outcome = kind === "answers" ? "answered" : "failed";
        },
        () => {
          outcome = "failed";
        },
      );
      await this.until(`${key} to be put`, () => outcome !== undefined || leader.running !== running);
      if (outcome === "answered") this.#acknowledged.set(key, value);
    }
  }

  /** Compacts the log of a machine, if it is up then; for as long as it takes, or until it is down. */
  async compact(id: number): Promise<void> {
    const running = this.machine(id).running;
    let done = false;
    running?.node.compactNow().then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    await this.until(`machine ${id} to compact`, () => done || this.machine(id).running !== running);
  }

  /** Waits until all machines that are up have applied the same. */
  async together(): Promise<void> {
    await this.until("all to have applied the same", () => {
      const states = [...this.#up].map((id) => this.machine(id).running);
      const leader = this.#leader()?.running;
      if (leader === undefined) return false;
      const last = leader.node.status().last.index;
      return states.every((running) => running?.state.appliedIndex() === last);
    });
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    await this.until(`${ms} ms to pass`, () => this.#clock.now() >= until);
  }

  /** Throws unless every machine holds every acknowledged write, and all hold the same. */
  async check(): Promise<void> {
    await this.together();
    const prints: string[] = [];
    for (const id of this.#up) {
      const { state } = this.machine(id).running ?? fail(`machine ${id} is down`);
      const keys = [...this.#acknowledged.keys()];
      const reads = keys.map((key) => ({ kind: "get", key: Buffer.from(key) }) as const);
      const { answers } = await state.read(reads, readLimits);
      for (const [position, key] of keys.entries()) {
        const answer = answers[position];
        const entry = answer?.kind === "get" ? answer.entry : undefined;
        const found = entry === undefined ? "nothing" : Buffer.from(entry.value).toString();
        if (found !== this.#acknowledged.get(key)) fail(`machine ${id} has lost ${key}: it holds ${found}`);
      }
      const { index, sha256 } = await state.fingerprint();
      prints.push(`${index} ${sha256}`);
    }
    if (new Set(prints).size !== 1) fail(`the machines hold different states: ${prints.join(", ")}`);
  }

  /** Ends everything; nothing is at work on any disk then. */
  async end(): Promise<void> {
    for (const machine of this.machines.values()) machine.crash();
    for (const machine of this.machines.values()) await machine.released();
  }

  machine(id: number): Machine {
    return this.machines.get(id) ?? fail(`there is no machine ${id}`);
  }

  /** Lets time pass until `isSo`; whoever is down and ought to be up is started again meanwhile. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let moves = 0; moves < mostMoves; moves++) {
      await this.#settle();
      this.#watchWhatIsOwed();
      if (isSo()) return;
      for (const id of this.#up) this.machine(id).start();
      this.#clock.moveOn();
    }
    fail(`${what}: never`);
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; ) {
      const hasRun = this.#clock.runDue();
      const { atWork } = this.machine(tested);
      if (atWork !== undefined) await atWork;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = hasRun || atWork !== undefined ? 0 : quiet + 1;
    }
  }

  #leader(): Machine | undefined {
    return [...this.machines.values()].find(({ running }) => running?.node.status().role === "leader");
  }

  /** What it has said is durable it holds after a restart: others have counted on it (rules 1 and 19). */
  #watchWhatIsOwed(): void {
    const machine = this.machine(tested);
    const { restored } = machine;
    const isNew = restored !== undefined && restored !== this.#lookedAt;
    this.#lookedAt = restored ?? this.#lookedAt;
    if (isNew && restored.lastIndex < this.#owed) {
      fail(
        `machine ${tested} has acknowledged index ${this.#owed}, and comes back with a log that ends at ${restored.lastIndex}`,
      );
    }
    const progress = this.#leader()?.running?.node.status().progress ?? [];
    const match = progress.find(({ id }) => id === tested)?.match ?? 0;
    this.#owed = Math.max(this.#owed, match);
  }
}

function fail(what: string): never {
  throw new Error(what);
}
