import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import type { GlobalOptions } from "../../options.ts";
import { formatDuration } from "../../output/duration.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";

export interface LeaseTimeLeftOptions extends GlobalOptions {
  readonly keys: boolean;
}

export async function leaseTimeLeft(id: number, options: LeaseTimeLeftOptions): Promise<void> {
  await withClient(options, async (client) => {
    const lease = await client.leases.get(id);
    if (lease === undefined)
      throw new CommandError(`there is no lease ${id}: it has ended, or never was`, exitCodes.notFound);
    const keys = options.keys ? await client.leases.keys(id) : undefined;
    if (options.output === "json") {
      return writeOut(`${JSON.stringify({ ...lease, ...(keys && { keys: keys.map(keyJson) }) })}\n`);
    }
    const { leftMs, ttlMs, keyCount } = lease;
    await writeOut(
      `${formatDuration(leftMs)} left of ${formatDuration(ttlMs)}, ${keyCount} ${keyCount === 1 ? "key" : "keys"}\n`,
    );
    for (const key of keys ?? []) await writeOut(Buffer.concat([key, Buffer.from("\n")]));
  });
}

/** Text where the bytes are UTF-8; else in base64. */
function keyJson(key: Uint8Array): string | { readonly base64: string } {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(key);
  } catch {
    return { base64: Buffer.from(key).toString("base64") };
  }
}
