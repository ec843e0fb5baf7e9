import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BrokenHistory, formatHistory, HistoryRecorder } from "@raftkv/simulator/history";
import type { NetworkHosts } from "../process/harness/network-hosts.ts";
import { ClientLoad, readEveryKey } from "../workload/client-load.ts";
import { Dice } from "./dice.ts";
import type { Fault, FaultKind, Strike } from "./faults/fault.ts";
import { faults } from "./faults/index.ts";
import { untilEqual } from "./node-contents.ts";
import type { EndRecord, LeaderRecord, StrikeRecord, TortureRecord } from "./record.ts";
import { type NodeEnd, TorturedCluster } from "./tortured-cluster.ts";
import { TrafficRecorder } from "./traffic-recorder.ts";

export interface TortureOptions {
  readonly directory: string;
  readonly endpoints: readonly string[];
  readonly hosts: NetworkHosts | undefined;
  readonly faults: readonly FaultKind[];
  readonly seed: number;
  readonly budgetMs: number;
  /** Ends sooner, once so many rounds are done, or so many kill -9 cycles. */
  readonly rounds: number;
  readonly killCycles: number;
  readonly clients: number;
  /** Within that time a write must be served: after a fault that leaves a majority alone, and after each healing. */
  readonly serviceBoundMs: number;
  /** Ends it after the fault that is under way. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

export type TortureOutcome = Omit<TortureRecord, "startedAt" | "seed" | "command" | "leftOut" | "versions">;

const clientTimeoutMs = 10_000;
const thinkMs = 20;
const keysAtATime = 8;

/** Of two at a time. */
const shareOfMixtures = 0.25;

/** Tortures a cluster, checks what its clients saw, and never rejects for what it finds. */
export async function runTorture(options: TortureOptions): Promise<TortureOutcome> {
  const run = new TortureRun(options);
  await run.run();
  return run.outcome();
}

class TortureRun {
  readonly #options: TortureOptions;
  readonly #dice: Dice;
  readonly #recorder = new HistoryRecorder();
  readonly #traffic = new TrafficRecorder();
  readonly #strikes: StrikeRecord[] = [];
  readonly #leaders: LeaderRecord[] = [];
  readonly #ends: EndRecord[] = [];
  readonly #verdicts: string[] = [];
  readonly #findings: string[] = [];
  #killed = 0;
  #durationMs = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
  }

  async run(): Promise<void> {
    const { directory, endpoints, hosts, faults: kinds } = this.#options;
    try {
      await using cluster = await TorturedCluster.start({
        directory,
        endpoints,
        hosts,
        smallDisks: kinds.includes("full-disk"),
        failingCalls: kinds.includes("io-error"),
        wallClock: kinds.includes("clock"),
        observer: {
          onLeader: (node, term) => this.#leaders.push({ atMs: this.#traffic.now(), node, term }),
          onEnd: (end) => this.#judgeEnd(end),
        },
      });
      await this.#tortureAndCheck(cluster);
      if (this.#findings.length > 0) await cluster.keepData();
    } catch (error) {
      this.#findings.push(messageOf(error));
    }
    this.#durationMs = this.#traffic.now();
  }

  outcome(): TortureOutcome {
    const { faults: kinds, endpoints, clients, serviceBoundMs } = this.#options;
    return {
      durationMs: this.#durationMs,
      nodes: endpoints.length,
      clients,
      serviceBoundMs,
      faults: kinds,
      strikes: this.#strikes,
      leaders: this.#leaders,
      ends: this.#ends,
      traffic: this.#traffic.finish(),
      killCycles: this.#killed,
      history: this.#recorder.summary(),
      verdicts: this.#verdicts,
      findings: this.#findings,
    };
  }

  async #tortureAndCheck(cluster: TorturedCluster): Promise<void> {
    try {
      await this.#torture(cluster);
      await this.#compareNodes();
    } catch (error) {
      this.#findings.push(messageOf(error));
    }
    try {
      this.#checkHistory();
    } catch (error) {
      this.#findings.push(messageOf(error));
    }
  }

  async #torture(cluster: TorturedCluster): Promise<void> {
    const { endpoints, clients, seed, budgetMs, rounds, killCycles, stop } = this.#options;
    const load = new ClientLoad({
      endpoints,
      clients,
      recorder: this.#recorder,
      seed,
      keys: keysAtATime,
      timeoutMs: clientTimeoutMs,
      thinkMs,
      onCall: (call) => this.#traffic.take(call),
    });
    try {
      await this.#served(load, "before any fault");
      for (let round = 0; round < rounds && this.#traffic.now() < budgetMs; round++) {
        if (cluster.killed >= killCycles || stop.aborted) break;
        await this.#round(cluster, load);
        this.#killed = cluster.killed;
      }
    } finally {
      await load.stop();
    }
    this.#verdicts.push(
      `Service came back within ${this.#options.serviceBoundMs} ms: each time after a healing, and each time a fault left a majority alone.`,
    );
  }

  /** One fault, or two at a time, and their healing. */
  async #round(cluster: TorturedCluster, load: ClientLoad): Promise<void> {
    const { say, hosts } = this.#options;
    const dice = this.#dice;
    const struck: { readonly kind: FaultKind; readonly strike: Strike; readonly atMs: number }[] = [];
    const well = () => cluster.ids.filter((id) => !struck.some(({ strike }) => strike.harmed.includes(id)));
    for (const { kind, strike: begin } of this.#chooseFaults()) {
      if (well().length === 0) break;
      const atMs = this.#traffic.now();
      const strike = await begin({ cluster, hosts, dice, well: well() });
      struck.push({ kind, strike, atMs });
    }
    const what = struck.map(({ strike }) => strike.what).join("; and ");
    const records = struck.map(({ kind, strike, atMs }): StrikeRecord => ({ kind, what: strike.what, atMs }));
    this.#strikes.push(...records);
    const lasts = delay(Math.max(0, ...struck.map(({ strike }) => strike.lastsMs)));
    const majorityIsWell = well().length * 2 > cluster.ids.length;
    const serviceDuringMs = majorityIsWell ? await this.#served(load, `while ${what}`) : undefined;
    await lasts;
    await Promise.all(struck.map(({ strike }) => strike.heal()));
    const healedAtMs = this.#traffic.now();
    for (const record of records) {
      record.healedAtMs = healedAtMs;
      if (serviceDuringMs !== undefined) record.serviceDuringMs = serviceDuringMs;
    }
    const serviceAfterMs = await this.#served(load, `after it was healed that ${what}`);
    for (const record of records) record.serviceAfterMs = serviceAfterMs;
    load.nextKeys();
    const during = serviceDuringMs === undefined ? "no majority" : `served after ${serviceDuringMs.toFixed(0)} ms`;
    const seconds = (healedAtMs / 1_000).toFixed(1);
    say(`${seconds.padStart(7)} s  ${what}: ${during}; healed, served after ${serviceAfterMs.toFixed(0)} ms`);
  }

  #chooseFaults(): readonly Fault[] {
    const kinds = this.#options.faults;
    const count = kinds.length > 1 && this.#dice.chance(shareOfMixtures) ? 2 : 1;
    return this.#dice.some(kinds, count).map((kind) => faults[kind]);
  }

  /** Milliseconds to the answer of the first write that is issued from now on. Rejects beyond the bound. */
  async #served(load: ClientLoad, when: string): Promise<number> {
    const { serviceBoundMs } = this.#options;
    const giveUp = new AbortController();
    const tooLate = delay(serviceBoundMs, undefined, { signal: giveUp.signal }).then(() => {
      throw new Error(`no write was served within ${serviceBoundMs} ms ${when}`);
    });
    try {
      return await Promise.race([load.serviceAgain(), tooLate]);
    } finally {
      giveUp.abort();
      await tooLate.catch(() => undefined);
    }
  }

  /** All is well again, and nobody writes. */
  async #compareNodes(): Promise<void> {
    const { endpoints, serviceBoundMs, say } = this.#options;
    const keys = await untilEqual(endpoints, 2 * serviceBoundMs);
    this.#verdicts.push(`All ${endpoints.length} nodes hold the same ${keys} keys, at the same index and revision.`);
    say("every node holds the same; reads every key, and checks the histories");
    await readEveryKey(endpoints, this.#recorder);
  }

  /** What breaks it is drawn beside the nodes' data, with the whole history for whoever wants to look closer. */
  #checkHistory(): void {
    const { directory } = this.#options;
    try {
      const { answeredWrites, answeredReads } = this.#recorder.check();
      this.#verdicts.push(
        `Every key's history is linearizable: of ${answeredWrites} acknowledged writes none was lost or applied twice, and none of ${answeredReads} reads was stale. Revisions ascend, and each client's calls took effect in their order.`,
      );
    } catch (error) {
      writeFileSync(join(directory, "history.jsonl"), formatHistory(this.#recorder.history));
      if (error instanceof BrokenHistory) writeFileSync(join(directory, "history.html"), error.page);
      throw error;
    }
  }

  #judgeEnd({ node, code, signal, message, expected }: NodeEnd): void {
    this.#ends.push({ atMs: this.#traffic.now(), node, code, message });
    if (expected) return;
    this.#findings.push(`node ${node} ended by itself with ${signal ?? `exit code ${code}`}: ${message}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
