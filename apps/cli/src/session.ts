import { RaftKv } from "@raftkv/kv-client";
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
