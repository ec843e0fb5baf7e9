import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import { withInterrupt } from "../../interrupt.ts";
import type { GlobalOptions } from "../../options.ts";
import { formatDuration } from "../../output/duration.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";
import { lostOrInterrupted } from "../lock/hold.ts";

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
