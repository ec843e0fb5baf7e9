import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { RaftKv } from "@raftkv/kv-client";
import { startLocalCluster } from "./local-cluster.ts";

// Many leases that expire within one second, while others write: the longest gap in service, and how late the last key goes.
const count = Number(process.argv[2] ?? "10000");
if (!Number.isSafeInteger(count) || count < 1 || count > 100_000) {
  console.error(`leases: found ${process.argv[2]}, expected a number from 1 to 100000`);
  process.exit(2);
}
const writers = 10;
const spreadMs = 1_000;
/** From the first grant to the first deadline. */
const waitMs = 25_000;

await using cluster = await startLocalCluster(3);
await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 30_000 });
while (!(await kv.members()).every(({ status }) => (status?.applyVersion ?? 0) >= 3)) await delay(100);
await using probe = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 30_000 });

/** Puts of several callers, one after the other each, until told to stop: when each was answered, and how long it took. */
async function write(until: () => boolean) {
  const answers: { readonly atMs: number; readonly tookMs: number }[] = [];
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let i = 0; !until(); i++) {
        const sentMs = performance.now();
        await probe.put(`load/${writer}/${i % 1_000}`, "x".repeat(256));
        answers.push({ atMs: performance.now(), tookMs: performance.now() - sentMs });
      }
    }),
  );
  return answers;
}

function figures(
  what: string,
  answers: readonly { readonly atMs: number; readonly tookMs: number }[],
  fromMs: number,
  toMs: number,
) {
  const inside = answers.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const times = inside.map(({ atMs }) => atMs).sort((a, b) => a - b);
  const gap = times.reduce((longest, atMs, i) => Math.max(longest, atMs - (times[i - 1] ?? atMs)), 0);
  const took = inside.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(share * took.length)] ?? Number.NaN).toFixed(1);
  const perSecond = Math.round(inside.length / ((toMs - fromMs) / 1_000));
  console.log(
    `| ${what} | ${perSecond.toLocaleString("en")} | ${at(0.5)} | ${at(0.99)} | ${took.at(-1)?.toFixed(1)} | ${gap.toFixed(1)} |`,
  );
}

const granting = performance.now();
/** So many are granted at a time. */
const together = 500;
const deadlines: number[] = [];
for (let done = 0; done < count; done += together) {
  const some = Array.from({ length: Math.min(together, count - done) }, async (_, i) => {
    const sentMs = performance.now();
    // All of them are over within one second, however long granting takes.
    const ttlMs = Math.round(granting + waitMs + ((done + i) * spreadMs) / count - sentMs);
    const lease = await kv.leases.grant(ttlMs, { keepAlive: false });
    await kv.put(`leased/${done + i}`, "x".repeat(256), { lease });
    return sentMs + ttlMs;
  });
  deadlines.push(...(await Promise.all(some)));
}
const grantedMs = performance.now() - granting;
const first = Math.min(...deadlines);
const last = Math.max(...deadlines);
console.log(
  `${count} leases with a key each: granted and put in ${grantedMs.toFixed(0)} ms, due within ${(last - first).toFixed(0)} ms\n`,
);
if (first < performance.now() + 3_000)
  throw new Error("granting took too long: the leases are over before the measurement begins");

let over = false;
const load = write(() => over);
await delay(Math.max(0, last - performance.now()));
let goneMs = performance.now();
// The one with the last deadline goes last.
while ((await kv.get(`leased/${count - 1}`)) !== undefined) {
  await delay(5);
  goneMs = performance.now();
}
over = true;
const answers = await load;
console.log("| puts of ten callers | per second | p50 ms | p99 ms | max ms | longest gap ms |");
console.log("| --- | --: | --: | --: | --: | --: |");
figures("before", answers, first - 2_500, first - 100);
figures("while the leases end", answers, first, goneMs);
console.log(`\nthe last key was gone ${(goneMs - last).toFixed(0)} ms after the last deadline`);
