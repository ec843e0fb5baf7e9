import type { StrikeRecord, TortureRecord } from "../record.ts";
import { asText, count, duration, moment, table } from "./markup.ts";

/** How often each kind of fault struck, and how soon writes were served. */
export function countsOfFaults({ faults, strikes }: TortureRecord): string {
  const rows = faults.map((kind) => {
    const struck = strikes.filter((strike) => strike.kind === kind);
    const during = struck.flatMap(({ serviceDuringMs }) => serviceDuringMs ?? []);
    const after = struck.flatMap(({ serviceAfterMs }) => serviceAfterMs ?? []);
    return [kind, count(struck.length), count(during.length), ...middleAndMost(during), ...middleAndMost(after)];
  });
  const head = ["fault", "struck", "majority left alone", "served meanwhile, median", "longest"];
  return table([...head, "served after healing, median", "longest"], rows);
}

/** The times in which no write was answered, and what was going on. */
export function longestGaps({ traffic, strikes }: TortureRecord): string {
  const rows = traffic.gaps.slice(0, 10).map(({ fromMs, toMs }) => {
    const during = strikes.filter(({ atMs, healedAtMs = toMs }) => atMs < toMs && healedAtMs + 100 > fromMs);
    const what = during.map((strike) => asText(strike.what)).join("<br>");
    return [moment(fromMs), duration(toMs - fromMs), what || "–"];
  });
  return table(["from", "no write answered for", "meanwhile"], rows);
}

export function endsOfNodes({ ends }: TortureRecord): string {
  const rows = ends.map(({ atMs, node, code, message }) => [
    moment(atMs),
    String(node),
    String(code ?? "signal"),
    asText(message.split("\n").at(-1) ?? ""),
  ]);
  return table(["at", "node", "exit code", "its last words"], rows);
}

export function allFaults({ strikes }: TortureRecord): string {
  const row = ({ atMs, healedAtMs, what, serviceDuringMs, serviceAfterMs }: StrikeRecord) => [
    moment(atMs),
    healedAtMs === undefined ? "–" : duration(healedAtMs - atMs),
    asText(what),
    duration(serviceDuringMs),
    duration(serviceAfterMs),
  ];
  return table(["at", "for", "what", "served meanwhile after", "served after healing"], strikes.map(row));
}

function middleAndMost(values: readonly number[]): readonly [string, string] {
  const sorted = values.toSorted((a, b) => a - b);
  return [duration(sorted[Math.floor(sorted.length / 2)]), duration(sorted.at(-1))];
}
