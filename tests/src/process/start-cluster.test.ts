import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cleanEnvironment } from "./harness/entry-points.ts";
import { freePorts } from "./harness/free-ports.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const script = fileURLToPath(new URL("../../../scripts/start-cluster.ts", import.meta.url));

/** `pnpm start`, after the build, in a process group of its own. */
class Supervisor implements AsyncDisposable {
  output = "";
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(dataDir: string, port: number) {
    this.#child = spawn(process.execPath, [script, "--data-dir", dataDir, "--port", String(port)], {
      env: cleanEnvironment(),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`"${pattern}" from pnpm start`, () => pattern.exec(this.output) ?? undefined, 30_000);
  }

  /** What Ctrl-C on a terminal does: the whole group gets the signal. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signalGroup("SIGKILL");
    await this.exited;
  }
}

/** Three free ports in a row: tries until it has found some. */
async function threePorts(): Promise<number> {
  return until("three free ports in a row", async () => {
    const [first = 0, second, third] = await freePorts(3);
    return second === first + 1 && third === first + 2 ? first : undefined;
  });
}

describe("pnpm start", () => {
  it("runs three nodes, survives the death of one, stops with Ctrl-C, and has the data when started again", async () => {
    await using directory = await temporaryDirectory();
    const port = await threePorts();
    const env = { RAFTKV_ENDPOINTS: [0, 1, 2].map((offset) => `127.0.0.1:${port + offset}`).join(",") };
    {
      await using cluster = new Supervisor(directory.path, port);
      await cluster.says(/The cluster is up/);
      expect((await runCli(["put", "greeting", "hello"], { env })).code).toBe(0);
      const [, pid] = await cluster.says(/\[node 2\] .* process (\d+)/);
      process.kill(Number(pid), "SIGKILL");
      await cluster.says(/Node 2 was killed \(SIGKILL\); the cluster goes on with 2 of 3/);
      expect((await runCli(["put", "greeting", "hello again"], { env })).code).toBe(0);
      cluster.signalGroup("SIGINT");
      expect(await cluster.exited).toBe(0);
    }
    await using again = new Supervisor(directory.path, port);
    await again.says(/The cluster is up/);
    expect((await runCli(["get", "greeting"], { env })).stdout.toString()).toBe("hello again\n");
    again.signal("SIGTERM");
    expect(await again.exited).toBe(0);
  });

  it("ends with one clear line, and stops the others, where a port is in use", async () => {
    await using directory = await temporaryDirectory();
    const port = await threePorts();
    const taken = createServer().listen(port + 1, "127.0.0.1");
    await using cluster = new Supervisor(directory.path, port);
    expect(await cluster.exited).toBe(3);
    taken.close();
    expect(cluster.output.match(/error:.*/g)).toEqual([
      `error: cannot listen on 127.0.0.1:${port + 1}: the port is in use; stop what uses it, or choose another port`,
    ]);
  });

  it("ends with one clear line where the folder cannot be written", async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, "file");
    await writeFile(file, "");
    await using cluster = new Supervisor(join(file, "data"), await threePorts());
    expect(await cluster.exited).toBe(4);
    expect(cluster.output.trimEnd().split("\n")).toHaveLength(1);
  });
});
