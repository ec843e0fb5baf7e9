import type { GlobalOptions } from "../../options.ts";
import { formatDuration } from "../../output/duration.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";

export interface GrantLeaseOptions extends GlobalOptions {
  readonly id?: number;
}

export async function grantLease(ttlMs: number, options: GrantLeaseOptions): Promise<void> {
  const wanted = options.id === undefined ? {} : { id: options.id };
  const lease = await withClient(options, async (client) => {
    const { id, ttlMs: granted } = await client.leases.grant(ttlMs, { ...wanted, keepAlive: false });
    return { id, ttlMs: granted };
  });
  const text = `lease ${lease.id} lives for ${formatDuration(lease.ttlMs)}\n`;
  await writeOut(options.output === "json" ? `${JSON.stringify(lease)}\n` : text);
}
