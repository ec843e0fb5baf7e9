import { spawn } from "node:child_process";
import { constants } from "node:os";
import { invalidUse } from "../../command-error.ts";

/** How long a command may take to end after SIGTERM, before SIGKILL. */
const graceMs = 5_000;
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface CommandRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ends the command: SIGTERM, and SIGKILL after five seconds. */
  readonly stop: AbortSignal;
}

/**
 * Runs a command with this process's standard input and output, and passes signals on to it. Resolves with its exit code; of
 * one that was ended by a signal with 128 and the signal's number, as shells have it.
 */
export function runCommand({ command, args, env, stop }: CommandRun): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    const passOn = (signal: NodeJS.Signals): void => {
      // A terminal sends it to both.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    let killing: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill("SIGTERM");
      killing = setTimeout(() => child.kill("SIGKILL"), graceMs);
    };
    const settled = (): void => {
      clearTimeout(killing);
      stop.removeEventListener("abort", end);
      for (const signal of passedOn) process.off(signal, passOn);
    };
    for (const signal of passedOn) process.on(signal, passOn);
    if (stop.aborted) end();
    else stop.addEventListener("abort", end);
    child.once("error", (error) => {
      settled();
      reject(invalidUse(`${command} cannot be run: ${error.message}`));
    });
    child.once("exit", (code, signal) => {
      settled();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
