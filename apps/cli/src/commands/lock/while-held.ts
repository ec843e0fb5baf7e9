import type { Held } from "@raftkv/kv-client";
import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import { formatFence } from "../../fence-option.ts";
import { withInterrupt } from "../../interrupt.ts";
import { Interrupted } from "../../membership/catch-up.ts";
import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { lostOrInterrupted } from "./hold.ts";
import { runCommand } from "./run-command.ts";

export interface HoldOptions extends GlobalOptions {
  readonly ttl: number;
  readonly wait?: number;
}

export interface Holding {
  /** For messages: "the lock nightly". */
  readonly what: string;
  readonly acquire: (options: {
    readonly ttlMs: number;
    readonly timeoutMs?: number;
    readonly signal: AbortSignal;
  }) => Promise<Held>;
  /** Runs while it is held; empty: it is held until Ctrl-C. */
  readonly command: readonly string[];
}

/** Waits for it, and holds it while the command runs, whose exit code becomes that of the process. */
export async function whileHeld({ what, acquire, command }: Holding, options: HoldOptions): Promise<void> {
  await using held = await withInterrupt(
    () => undefined,
    async (signal) => {
      const waiting = options.wait === undefined ? {} : { timeoutMs: options.wait };
      try {
        return await acquire({ ttlMs: options.ttl, ...waiting, signal });
      } catch (error) {
        if (signal.aborted) throw new Interrupted(`${what} is not waited for any more`);
        throw error;
      }
    },
  );
  const [program, ...args] = command;
  if (program === undefined) await hold(held, options);
  else {
    const { key, token } = held.fence;
    const env = {
      RAFTKV_LOCK_KEY: String(key),
      RAFTKV_LOCK_TOKEN: String(token),
      RAFTKV_LOCK_FENCE: formatFence(held.fence),
    };
    process.exitCode = await runCommand({ command: program, args, env, stop: held.lost });
  }
  if (held.lost.aborted) throw new CommandError(`${what} was lost while it was held`, exitCodes.refused);
}

async function hold(held: Held, { output }: HoldOptions): Promise<void> {
  const { name, fence } = held;
  const { key, token } = fence;
  const text = output === "json" ? JSON.stringify({ name, key, token }) : `${key} ${token}`;
  await withInterrupt(
    () => undefined,
    async (signal) => {
      await writeOut(`${text}\n`);
      await lostOrInterrupted(held, signal);
    },
  );
}
