import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnvironment, nodeMain } from "./entry-points.ts";
import { type LogEvent, parseLogLine } from "./log-event.ts";

export interface NodeProcessOptions {
  /** Goes on the command line as it is; `--log-format json` is added. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What to run in place of `node dist/main.js …`, such as `strace`; the node's command line is appended. */
  readonly wrapper?: readonly string[];
  /** Called with every log line as it comes. */
  readonly onEvent?: (event: LogEvent) => void;
  /** The server's entry point, such as that of another version; this build's unless told. */
  readonly main?: string;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Matcher = (event: LogEvent) => boolean;

interface Waiter {
  readonly matches: Matcher;
  readonly found: (event: LogEvent) => void;
  readonly failed: (error: Error) => void;
}

/** A real node in a process of its own, seen through its log, its exit status and its standard error. */
export class NodeProcess implements AsyncDisposable {
  /** Every log line so far. */
  readonly events: LogEvent[] = [];
  readonly exited: Promise<ExitStatus>;
  readonly #child: ChildProcess;
  readonly #onEvent: (event: LogEvent) => void;
  readonly #waiters = new Set<Waiter>();
  #stderr = "";
  #status: ExitStatus | undefined;

  private constructor(child: ChildProcess, onEvent: (event: LogEvent) => void) {
    this.#child = child;
    this.#onEvent = onEvent;
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error("the node's output is not piped");
    createInterface({ input: stdout }).on("line", (line) => this.#take(parseLogLine(line)));
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        this.#status = { code, signal };
        this.#failWaiters();
        resolve(this.#status);
      });
    });
  }

  static start(options: NodeProcessOptions): NodeProcess {
    const commandLine = [
      ...(options.wrapper ?? []),
      process.execPath,
      options.main ?? nodeMain,
      "--log-format",
      "json",
      ...options.args,
    ];
    const [command = process.execPath, ...args] = commandLine;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new NodeProcess(child, options.onEvent ?? (() => undefined));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the node did not start");
    return this.#child.pid;
  }

  /** Everything on standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#status === undefined;
  }

  /** The first event, past or future, that matches. Rejects when the node ends without it, or at the deadline. */
  waitFor(match: string | Matcher, timeoutMs = 15_000): Promise<LogEvent> {
    const matches: Matcher = typeof match === "string" ? (event) => event.event === match : match;
    const past = this.events.find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return this.#waitForNext(matches, String(match), timeoutMs);
  }

  /** The address that the node listens on, with its real port. */
  async address(): Promise<string> {
    const { fields } = await this.waitFor("listening");
    return String(fields.address);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) process.kill(this.pid, signal);
  }

  /** kill -9: the node gets no chance to finish anything. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** SIGTERM, then the node's own exit status. Rejects if it does not end in time. */
  stop(timeoutMs = 15_000): Promise<ExitStatus> {
    this.signal("SIGTERM");
    return this.ended(timeoutMs);
  }

  /** The exit status, when the node ends by itself. Rejects at the deadline. */
  ended(timeoutMs = 15_000): Promise<ExitStatus> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure(`did not end within ${timeoutMs} ms`)), timeoutMs);
      this.exited.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #take(event: LogEvent): void {
    this.events.push(event);
    this.#onEvent(event);
    for (const waiter of this.#waiters) if (waiter.matches(event)) waiter.found(event);
  }

  #waitForNext(matches: Matcher, what: string, timeoutMs: number): Promise<LogEvent> {
    if (!this.running) return Promise.reject(this.#failure(`ended without ${what}`));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        matches,
        found: (event) => {
          settle();
          resolve(event);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.failed(this.#failure(`no ${what} within ${timeoutMs} ms`)), timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  #failWaiters(): void {
    for (const waiter of this.#waiters) waiter.failed(this.#failure("ended"));
  }

  #failure(what: string): Error {
    const log = this.events.slice(-20).map((event) => `  ${event.message}`);
    const status = JSON.stringify(this.#status ?? "running");
    return new Error([`node ${this.#child.pid} (${status}): ${what}`, ...log, this.#stderr].join("\n"));
  }
}
