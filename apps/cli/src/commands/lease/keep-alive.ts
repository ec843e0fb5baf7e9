import type { Lease } from "@raftkv/kv-client";
import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import { withInterrupt } from "../../interrupt.ts";
import type { GlobalOptions } from "../../options.ts";
import { formatDuration } from "../../output/duration.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";

export interface KeepLeaseAliveOptions extends GlobalOptions {
  readonly once: boolean;
}

/** Until it is lost, or Ctrl-C. */
export async function keepLeaseAlive(id: number, options: KeepLeaseAliveOptions): Promise<void> {
  const json = options.output === "json";
  await withClient(options, async (client) => {
    if (options.once) {
      const { ttlMs } = await client.leases.keepAlive(id);
      const text = `lease ${id} lives for ${formatDuration(ttlMs)} from now on\n`;
      return writeOut(json ? `${JSON.stringify({ id, ttlMs })}\n` : text);
    }
    await withInterrupt(
      () => undefined,
      async (signal) => {
        const lease = await client.leases.keep(id);
        const { ttlMs } = lease;
        await writeOut(json ? `${JSON.stringify({ id, ttlMs })}\n` : `lease ${id} is kept alive until Ctrl-C\n`);
        await lostOrInterrupted(lease, signal);
        if (lease.lost.aborted) throw new CommandError(`lease ${id} is lost`, exitCodes.refused);
      },
    );
  });
}

/** Keeps the process alive: what the lease does in the background does not. */
function lostOrInterrupted({ lost }: Lease, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const waiting = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(waiting);
      resolve();
    };
    if (lost.aborted || signal.aborted) end();
    lost.addEventListener("abort", end);
    signal.addEventListener("abort", end);
  });
}
