import { RaftKv, type ReadConsistency } from "@raftkv/kv-client";
import { keyOf, value } from "./key-value.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { type Measurement, measure } from "./measure.ts";
import { table } from "./report.ts";

// Gets by lease, beside read index and beside reads that ask nobody, from the leader of one cluster: read the ratios.
const seconds = Number(process.argv[2] ?? "5");
if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 600) {
  console.error(`seconds a measurement: found ${process.argv[2]}, expected a number from 1 to 600`);
  process.exit(2);
}
const levels: readonly ReadConsistency[] = ["linearizable", "lease", "serializable"];
const measurements: Measurement[] = [];
await using cluster = await startLocalCluster(3, { lease_reads: { max_clock_drift: 0.1 } });
await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 30_000 });
// A write brings the client to the leader.
await Promise.all(Array.from({ length: 10_000 }, (_, count) => kv.put(keyOf(0, count), value)));
for (const callers of [1, 10, 100]) {
  for (const consistency of levels) {
    const operation = (caller: number, count: number) => kv.get(keyOf(caller, count), { consistency });
    const load = { callers, warmUpMs: 1_000, durationMs: seconds * 1_000 };
    measurements.push(await measure({ ...load, name: `get, ${consistency}`, operation }));
  }
}
console.log(table(measurements));
