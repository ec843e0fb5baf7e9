import type { TortureRecord } from "../record.ts";
import { asText, count, duration, table } from "./markup.ts";
import { style } from "./style.ts";
import { allFaults, countsOfFaults, endsOfNodes, longestGaps } from "./tables.ts";
import { timeline } from "./timeline.ts";

/** One page that needs nothing else: no network, no script. */
export function renderReport(record: TortureRecord): string {
  const { findings, strikes, ends, versions } = record;
  const verdict =
    findings.length === 0
      ? `<span class="verdict">all is well</span>`
      : `<span class="verdict bad">${findings.length} found</span>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>raftkv torture, seed ${record.seed}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>raftkv torture ${verdict}</h1>
<p class="soft">${asText(record.startedAt.slice(0, 19).replace("T", " "))} UTC, for ${duration(record.durationMs)}, seed ${record.seed}: ${record.nodes} nodes, ${record.clients} clients that write and read, and one reader a node.</p>
${tiles(record)}
<div class="card">${judgement(record)}</div>
<h2>What happened</h2>
<div class="card">${timeline(record)}${key(record)}</div>
<h2>Faults</h2>
<div class="card">${countsOfFaults(record)}
<p class="soft">“Served” is the time to the answer of the first write that was issued after the fault, or after its healing.</p></div>
<h2>Longest gaps in service</h2>
<div class="card">${longestGaps(record)}</div>
<div class="card" style="margin-top: 22px">
<details><summary>All ${count(strikes.length)} faults</summary>${allFaults(record)}</details>
<details><summary>${count(ends.length)} nodes that ended by themselves</summary>${endsOfNodes(record)}</details>
</div>
<h2>Run it again</h2>
<div class="card"><pre>${asText(record.command)}</pre>
<p class="soft">The seed decides which faults, whom they strike and for how long. What the processes make of it is up to the machine.</p></div>
<h2>Versions</h2>
<div class="card">${table(
    [],
    Object.entries(versions).map(([name, version]) => [asText(name), asText(version)]),
  )}</div>
</main>
</body>
</html>
`;
}

function tiles({ strikes, killCycles, history, traffic, leaders }: TortureRecord): string {
  const [gap] = traffic.gaps;
  const tile = (value: string, what: string) => `<div class="tile"><b>${value}</b><span>${what}</span></div>`;
  return `<div class="tiles">${[
    tile(count(strikes.length), "faults"),
    tile(count(killCycles), "kill -9 cycles"),
    tile(count(history?.answeredWrites ?? 0), "writes acknowledged"),
    tile(count(history?.answeredReads ?? 0), "reads answered"),
    tile(count(leaders.length), "leaders elected"),
    tile(gap === undefined ? "none" : duration(gap.toMs - gap.fromMs), "longest gap in service"),
    tile(duration(traffic.latency.p50Ms), "latency of a call, median"),
    tile(duration(traffic.latency.p99Ms), "latency of a call, p99"),
  ].join("")}</div>`;
}

function judgement({ verdicts, findings, leftOut, ends }: TortureRecord): string {
  const item = (kind: string, text: string) => `<li class="${kind}">${asText(text)}</li>`;
  const bad = findings.map((finding) => item("bad", finding));
  const good = verdicts.map((verdict) => item("good", verdict));
  const stopped =
    ends.length > 0 && findings.length === 0
      ? [
          item(
            "good",
            `${ends.length} times a node stopped because of its disk, with the exit code for that, and came back.`,
          ),
        ]
      : [];
  const out = leftOut.map(({ kind, why }) => item("out", `left out: ${kind} (${why})`));
  return `<ul>${[...bad, ...good, ...stopped, ...out].join("")}</ul>`;
}

function key({ nodes }: TortureRecord): string {
  const entry = (kind: string, text: string) =>
    `<span><svg viewBox="0 0 10 10"><rect class="${kind}" width="10" height="10"/></svg>${text}</span>`;
  const ids = Array.from({ length: nodes }, (_, position) => position + 1);
  return `<div class="key">${[
    entry("fault", "a fault, until it is healed"),
    ...ids.map((id) => entry(`n${id}`, `node ${id} leads`)),
    entry("writes", "writes"),
    entry("reads", "reads"),
    entry("failed", "calls without an answer"),
    entry("slow", "slowest answered call"),
    entry("gap", "no write answered for a second or more"),
  ].join("")}</div>`;
}
