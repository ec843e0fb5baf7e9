import { Etcd3 } from "etcd3";
import { keyOf, value } from "./key-value.ts";
import { type Measurement, measure } from "./measure.ts";

/** The same load as `measureKeyValue`, against etcd, with the client that a Node.js team would take (npm `etcd3`). */
export async function measureEtcd(
  endpoints: readonly string[],
  callers: number,
  durationMs: number,
): Promise<readonly Measurement[]> {
  const client = new Etcd3({ hosts: [...endpoints] });
  const bytes = Buffer.from(value);
  const load = { callers, warmUpMs: 2_000, durationMs };
  try {
    await client.put("bench/ready").value(bytes).exec();
    const put = await measure({
      ...load,
      name: "etcd put",
      operation: (caller, count) => client.put(keyOf(caller, count)).value(bytes).exec(),
    });
    const get = await measure({
      ...load,
      name: "etcd get",
      operation: (caller, count) => client.get(keyOf(caller, count)).buffer(),
    });
    return [put, get];
  } finally {
    client.close();
  }
}
