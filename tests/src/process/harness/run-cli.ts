import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { cleanEnvironment, cliMain } from "./entry-points.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `raftkv` while it runs. */
export interface RunningCli {
  readonly ended: Promise<CliResult>;
  /** Resolves once standard error has shown that; rejects where the process ends without. */
  saysOnStderr(pattern: RegExp): Promise<void>;
  /** The same of standard output. */
  saysOnStdout(pattern: RegExp): Promise<void>;
  hasEnded(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Nobody reads standard error any more. */
  stopReading(): void;
}

/** Runs `raftkv` with these arguments to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}

export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, [cliMain, ...args], {
    env: { ...cleanEnvironment(), NO_COLOR: "1", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  const seen = new EventEmitter();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    seen.emit("said");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    seen.emit("said");
  });
  child.stdin.on("error", () => undefined); // A command that fails early does not read its input.
  child.stdin.end(options.input ?? "");
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
  const says = (pattern: RegExp, said: () => string) =>
    new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(said())) return;
        seen.off("said", look);
        resolve();
      };
      seen.on("said", look);
      void ended.then(() => reject(new Error(`raftkv ended without ${pattern}: ${stderr}`)), reject);
      look();
    });
  return {
    ended,
    saysOnStderr: (pattern) => says(pattern, () => stderr),
    saysOnStdout: (pattern) => says(pattern, () => Buffer.concat(stdout).toString()),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => void child.kill(signal),
    stopReading: () => child.stderr.destroy(),
  };
}
