import { RaftKv } from "@raftkv/kv-client";
import { type Measurement, measure } from "./measure.ts";

const keys = 10_000;
/** 256 bytes. */
export const value = new Uint8Array(256).fill(7);

/** Puts of 256 bytes and linearizable gets over 10,000 keys, from one client with so many callers. */
export async function measureKeyValue(
  endpoints: readonly string[],
  callers: number,
  durationMs: number,
): Promise<readonly Measurement[]> {
  await using kv = new RaftKv({ endpoints: [...endpoints], timeoutMs: 30_000 });
  await kv.put("bench/ready", value); // The cluster has formed and elected a leader.
  const load = { callers, warmUpMs: 2_000, durationMs };
  const put = await measure({
    ...load,
    name: "put",
    operation: (caller, count) => kv.put(keyOf(caller, count), value),
  });
  const get = await measure({ ...load, name: "get", operation: (caller, count) => kv.get(keyOf(caller, count)) });
  return [put, get];
}

/** Spreads the operations of all callers over the keys. */
export function keyOf(caller: number, count: number): string {
  return `bench/${(caller * 7919 + count * 104_729) % keys}`;
}
