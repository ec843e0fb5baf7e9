import type { Lock, RaftKv } from "@raftkv/kv-client";
import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import { withInterrupt } from "../../interrupt.ts";
import { Interrupted } from "../../membership/catch-up.ts";
import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";
import { lostOrInterrupted } from "./hold.ts";
import { runCommand } from "./run-command.ts";

export interface LockOptions extends GlobalOptions {
  readonly ttl: number;
  readonly wait?: number;
}

/** Waits for the lock, and holds it while the command runs, or, without one, until Ctrl-C. */
export async function lock(name: string, command: readonly string[], options: LockOptions): Promise<void> {
  await withClient(options, async (client) => {
    await using held = await acquire(client, name, options);
    const [program, ...args] = command;
    if (program === undefined) await hold(held, options);
    else {
      const { key, token } = held.fence;
      const env = { RAFTKV_LOCK_KEY: String(key), RAFTKV_LOCK_TOKEN: String(token) };
      process.exitCode = await runCommand({ command: program, args, env, stop: held.lost });
    }
    if (held.lost.aborted) throw new CommandError(`the lock ${name} was lost while it was held`, exitCodes.refused);
  });
}

function acquire(client: RaftKv, name: string, { ttl: ttlMs, wait }: LockOptions): Promise<Lock> {
  const waiting = wait === undefined ? {} : { timeoutMs: wait };
  return withInterrupt(
    () => undefined,
    async (signal) => {
      try {
        return await client.lock(name, { ttlMs, ...waiting, signal });
      } catch (error) {
        if (signal.aborted) throw new Interrupted(`the lock ${name} is not waited for any more`);
        throw error;
      }
    },
  );
}

async function hold(held: Lock, { output }: LockOptions): Promise<void> {
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
