import { RaftKv } from "@raftkv/kv-client";
import { RaftKvAdmin } from "@raftkv/kv-client/admin";
import type { GlobalOptions } from "./options.ts";

/** The answer has been given by then; a session that stays open expires by itself. */
const closeTimeoutMs = 500;

/** Runs `use` with a client of the cluster, and closes it after. */
export async function withClient<T>(
  { endpoints, timeout }: GlobalOptions,
  use: (client: RaftKv) => Promise<T>,
): Promise<T> {
  const client = new RaftKv({ endpoints, timeoutMs: timeout });
  try {
    return await use(client);
  } finally {
    await client.close({ timeoutMs: closeTimeoutMs });
  }
}

/** Runs `use` with a client for administration. */
export async function withAdmin<T>(
  { endpoints, timeout }: GlobalOptions,
  use: (admin: RaftKvAdmin) => Promise<T>,
): Promise<T> {
  await using admin = new RaftKvAdmin({ endpoints, timeoutMs: timeout });
  return await use(admin);
}
