import { execFile } from "node:child_process";
import { globSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian's `fiu-utils` and `libfaketime`, wherever they are. */
const failingLibraries = [
  "/usr/lib{,/*-linux-gnu}/fiu/fiu_run_preload.so",
  "/usr/lib{,/*-linux-gnu}/fiu/fiu_posix_preload.so",
];
const clockLibrary = "/usr/lib/*/faketime/libfaketimeMT.so.1";

/** Why no system call can be made to fail here; undefined: it can. */
export function whyCallsCannotFail(): string | undefined {
  return failingLibraries.every((pattern) => found(pattern) !== undefined)
    ? undefined
    : "libfiu is not installed (apt-get install fiu-utils)";
}

/** Why no wall clock can be set here; undefined: it can. */
export function whyClocksCannotJump(): string | undefined {
  return found(clockLibrary) === undefined ? "libfaketime is not installed (apt-get install faketime)" : undefined;
}

/** Has a node's process run on libraries that make its system calls fail, and its wall clock wrong, while it runs. */
export class Preloads {
  readonly #libraries: readonly string[];
  readonly #directory: string;
  /** Commands that the next process of the node begins with. */
  #failing: readonly string[] = [];

  constructor(directory: string, uses: { readonly failingCalls: boolean; readonly wallClock: boolean }) {
    this.#directory = directory;
    this.#libraries = [
      ...(uses.failingCalls ? failingLibraries.flatMap((pattern) => found(pattern) ?? []) : []),
      ...(uses.wallClock ? [found(clockLibrary) ?? ""] : []),
    ];
    if (this.#libraries.length === 0) return;
    mkdirSync(directory, { recursive: true });
    this.setWallClock(0);
  }

  /** What to put before the command line of the node. */
  wrapper(): readonly string[] {
    if (this.#libraries.length === 0) return [];
    const variables = {
      LD_PRELOAD: this.#libraries.join(":"),
      FIU_CTRL_FIFO: this.#control,
      FIU_ENABLE: this.#failing.join("\n"),
      FAKETIME_TIMESTAMP_FILE: this.#clockFile,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
    return ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
  }

  /** Has calls fail in the process from now on, and from the beginning in those that follow it. */
  async fail(pid: number | undefined, commands: readonly string[], inNewProcesses: boolean): Promise<void> {
    this.#failing = inNewProcesses ? commands : [];
    if (pid !== undefined) await this.#tell(pid, commands);
  }

  async mend(pid: number | undefined, commands: readonly string[]): Promise<void> {
    this.#failing = [];
    if (pid !== undefined) await this.#tell(pid, commands);
  }

  /** By so many seconds the wall clock is off; it takes up to a second until the process sees it. */
  setWallClock(seconds: number): void {
    const aside = `${this.#clockFile}.new`;
    writeFileSync(aside, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    renameSync(aside, this.#clockFile);
  }

  get #control(): string {
    return join(this.#directory, "calls");
  }

  get #clockFile(): string {
    return join(this.#directory, "clock");
  }

  /** A process that has ended, or ends meanwhile, needs to be told nothing. */
  async #tell(pid: number, commands: readonly string[]): Promise<void> {
    const args = ["-f", this.#control, ...commands.flatMap((command) => ["-c", command]), String(pid)];
    await run("fiu-ctrl", args, { timeout: 5_000, killSignal: "SIGKILL" }).catch(() => undefined);
  }
}

function found(pattern: string): string | undefined {
  return globSync(pattern)[0];
}
