import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { measureEtcd } from "./etcd-key-value.ts";
import { measureDurableCommit } from "./floor-commit.ts";
import { measureHttp2Echo } from "./floor-http2.ts";
import { measureKeyValue } from "./key-value.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { table } from "./report.ts";

// Puts and gets against a cluster of three processes, beside the floors and beside etcd, in one run: read the ratios.
const seconds = Number(process.argv[2] ?? "5");
if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 600) {
  console.error(`seconds a measurement: found ${process.argv[2]}, expected a number from 1 to 600`);
  process.exit(2);
}
const durationMs = seconds * 1000;
const measurements = [
  await measureDurableCommit(1, durationMs),
  await measureDurableCommit(100, durationMs),
  await measureHttp2Echo(1, durationMs),
  await measureHttp2Echo(100, durationMs),
];
for (const callers of [1, 10, 100, 1000]) {
  {
    await using cluster = await startLocalCluster(3);
    measurements.push(...(await measureKeyValue(cluster.endpoints, callers, durationMs)));
  }
  if (!isEtcdInstalled()) continue;
  await using etcd = await startEtcdCluster(3);
  measurements.push(...(await measureEtcd(etcd.endpoints, callers, durationMs)));
}
if (!isEtcdInstalled()) console.error("etcd is not installed: no figures beside it");
console.log(table(measurements));
