import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program beside this file, in a process of its own. */
export class Child {
  readonly lines: AsyncIterableIterator<string>;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(program: string, args: readonly string[]) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    this.#exited = once(child, "exit");
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The next line of its output. */
  async line(): Promise<string | undefined> {
    const next = await this.lines.next();
    return next.done ? undefined : next.value;
  }

  /** kill -9; resolves once the process is gone, with the lines it had still written. */
  async kill(): Promise<readonly string[]> {
    this.#process.kill("SIGKILL");
    const rest: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) rest.push(line);
    await this.#exited;
    return rest;
  }
}
