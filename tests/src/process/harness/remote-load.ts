import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { HistorySummary } from "@raftkv/simulator/history";
import { cleanEnvironment } from "./entry-points.ts";

const program = fileURLToPath(new URL("../../workload/load-process.ts", import.meta.url));

export interface RemoteLoadOptions {
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly seed: number;
  /** What to run it in, such as another host. */
  readonly wrapper: readonly string[];
}

/** A `ClientLoad` in a process of its own. */
export class RemoteLoad implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<void>;
  #stderr = "";

  private constructor(child: ChildProcess) {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error("the load's output is not piped");
    this.#child = child;
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#exited = new Promise((resolve) => child.once("close", () => resolve()));
  }

  static start({ endpoints, clients, seed, wrapper }: RemoteLoadOptions): RemoteLoad {
    const line = [...wrapper, process.execPath, program, endpoints.join(","), String(clients), String(seed)];
    const [command = process.execPath, ...args] = line;
    return new RemoteLoad(spawn(command, args, { env: cleanEnvironment(), stdio: ["pipe", "pipe", "pipe"] }));
  }

  /** Milliseconds from now to the answer of the first write that is issued from now on. */
  serviceAgain(): Promise<number> {
    return this.#ask("service-again");
  }

  async nextKeys(): Promise<void> {
    await this.#ask("next-keys");
  }

  /** Ends the load. Rejects with the offending history unless all are linearizable. */
  stop(): Promise<HistorySummary> {
    return this.#ask("stop");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #ask<Answer>(command: string): Promise<Answer> {
    this.#child.stdin?.write(`${command}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the load has ended: ${this.#stderr}`);
    return JSON.parse(value);
  }
}
