import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeMain } from "./local-cluster.ts";

/** A line of the node's log, and when it was read. */
export interface LogLine {
  readonly event: string;
  readonly atMs: number;
  readonly [field: string]: unknown;
}

/** How late a node's event loop was, in milliseconds. */
export interface Stalls {
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** A node process that tells what it does, and how late its event loop is. */
export class WatchedNode {
  readonly id: number;
  readonly lines: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #stalls: string;

  constructor(id: number, config: string, folder: string) {
    this.id = id;
    this.#stalls = join(folder, `stalls-${id}.json`);
    const preload = ["--import", join(import.meta.dirname, "stalls.ts")];
    const options = ["--config", config, "--id", String(id), "--data-dir", join(folder, `node-${id}`)];
    this.#child = spawn(process.execPath, [...preload, nodeMain, ...options, "--log-format", "json"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, RAFTKV_BENCH_STALLS: this.#stalls },
    });
    if (this.#child.stdout === null) throw new Error("a node without output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push({ ...JSON.parse(line), atMs: performance.now() });
    });
  }

  get leadsInTerm(): number | undefined {
    const role = this.lines.findLast(({ event }) => event === "role");
    return role?.role === "leader" && !this.#isOver ? Number(role.term) : undefined;
  }

  /** The first line with that event, past or to come. */
  async saw(event: string, withinMs: number): Promise<LogLine> {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const line = this.lines.find((other) => other.event === event);
      if (line !== undefined) return line;
      await sleep(5);
    }
    throw new Error(`node ${this.id} has not said "${event}" within ${withinMs} ms`);
  }

  /** Since the last call. */
  async takeStalls(): Promise<Stalls> {
    rmSync(this.#stalls, { force: true });
    this.#child.kill("SIGUSR2");
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      await sleep(10);
      const stalls = parsed(this.#stalls);
      if (stalls !== undefined) return stalls;
    }
    throw new Error(`node ${this.id} has not told how late its event loop is`);
  }

  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#isOver) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Undefined while it has not been written to its end. */
function parsed(file: string): Stalls | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
