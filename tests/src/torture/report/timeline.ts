import type { Gap, TortureRecord, TrafficBucket } from "../record.ts";
import { asText, moment } from "./markup.ts";

const width = 1_100;
const left = 92;
const right = 12;
const laneHeight = 20;
const columns = 500;

/** What the clients saw in one column of the picture. */
interface Column extends TrafficBucket {
  readonly fromMs: number;
}

/** Faults, leaders, throughput and the slowest calls over the time of the run, as one SVG. */
export function timeline(record: TortureRecord): string {
  const { durationMs } = record;
  const x = (atMs: number): number => left + (Math.min(atMs, durationMs) / durationMs) * (width - left - right);
  const merged = columnsOf(record);
  let y = 8;
  const parts: string[] = [];
  const add = (height: number, drawn: string): void => {
    parts.push(drawn);
    y += height;
  };
  for (const kind of record.faults) add(laneHeight, faultLane(record, kind, x, y));
  add(laneHeight + 14, leaderLane(record, x, y));
  const chartsFrom = y;
  add(130, throughput(merged, x, y, 104));
  add(120, slowest(merged, x, y, 104));
  const gaps = record.traffic.gaps.filter(isLong).map((gap) => gapBand(gap, x, chartsFrom, y - 16));
  parts.unshift(...gaps);
  parts.push(axis(durationMs, x, y - 8));
  return `<svg viewBox="0 0 ${width} ${y + 16}" role="img" aria-label="Faults and service over time">${parts.join("\n")}</svg>`;
}

const isLong = ({ fromMs, toMs }: Gap): boolean => toMs - fromMs >= 1_000;

function gapBand({ fromMs, toMs }: Gap, x: (atMs: number) => number, top: number, bottom: number): string {
  const title = `no write was answered from ${moment(fromMs)} to ${moment(toMs)}`;
  return rectangle("gap", x(fromMs), top, x(toMs) - x(fromMs), bottom - top, title);
}

function faultLane(record: TortureRecord, kind: string, x: (atMs: number) => number, y: number): string {
  const struck = record.strikes.filter((strike) => strike.kind === kind);
  const bars = struck.map(({ what, atMs, healedAtMs = record.durationMs }) => {
    const title = `${moment(atMs)} to ${moment(healedAtMs)}: ${what}`;
    return rectangle("fault", x(atMs), y + 4, x(healedAtMs) - x(atMs), laneHeight - 8, title);
  });
  return label(kind, y + 14) + bars.join("");
}

function leaderLane({ leaders, durationMs }: TortureRecord, x: (atMs: number) => number, y: number): string {
  const bars = leaders.map(({ atMs, node, term }, position) => {
    const until = leaders[position + 1]?.atMs ?? durationMs;
    const title = `${moment(atMs)}: node ${node} leads in term ${term}`;
    return rectangle(`node n${node}`, x(atMs), y + 4, x(until) - x(atMs), laneHeight - 8, title);
  });
  return label("leader", y + 14) + bars.join("");
}

/** Answered calls a second: writes below, reads on top of them; in red, at the foot, calls without an answer. */
function throughput(merged: readonly Column[], x: (atMs: number) => number, y: number, height: number): string {
  const stepMs = stepOf(merged);
  const perSecond = (calls: number) => (calls * 1_000) / stepMs;
  const most = niceCeiling(Math.max(1, ...merged.map(({ writes, reads }) => perSecond(writes + reads))));
  const up = (rate: number) => y + height - (rate / most) * height;
  const area = (from: (column: Column) => number, to: (column: Column) => number): string => {
    const across = (height: (column: Column) => number) =>
      merged.flatMap((column) => [
        `${x(column.fromMs).toFixed(1)},${up(height(column)).toFixed(1)}`,
        `${x(column.fromMs + stepMs).toFixed(1)},${up(height(column)).toFixed(1)}`,
      ]);
    return [...across(to), ...across(from).toReversed()].join(" ");
  };
  const writes = (column: Column) => perSecond(column.writes);
  const all = (column: Column) => perSecond(column.writes + column.reads);
  const failed = merged
    .filter((column) => column.failed > 0)
    .map(({ fromMs, failed: calls }) => {
      const title = `${moment(fromMs)}: ${calls} calls without an answer`;
      return rectangle("failed", x(fromMs), y + height - 4, x(fromMs + stepMs) - x(fromMs), 4, title);
    });
  return [
    label("calls / s", y + 12),
    ...[0, most / 2, most].map((rate) => gridLine(String(rate), up(rate))),
    `<polygon class="writes" points="${area(() => 0, writes)}"/>`,
    `<polygon class="reads" points="${area(writes, all)}"/>`,
    ...failed,
  ].join("");
}

/** The slowest answered call of each column, on a logarithmic scale. */
function slowest(merged: readonly Column[], x: (atMs: number) => number, y: number, height: number): string {
  const decades = 5;
  const up = (ms: number) => y + height - (Math.min(Math.log10(Math.max(ms, 1)), decades) / decades) * height;
  const bars = merged
    .filter(({ slowestMs }) => slowestMs > 0)
    .map(({ fromMs, slowestMs }) => {
      const wide = x(fromMs + stepOf(merged)) - x(fromMs);
      return `<rect class="slow" x="${x(fromMs).toFixed(1)}" y="${up(slowestMs).toFixed(1)}" width="${wide.toFixed(1)}" height="2.5"/>`;
    });
  const lines = [
    [1, "1 ms"],
    [10, "10 ms"],
    [100, "100 ms"],
    [1_000, "1 s"],
    [10_000, "10 s"],
  ] as const;
  return [label("slowest", y + 12), ...lines.map(([ms, text]) => gridLine(text, up(ms))), ...bars].join("");
}

function axis(durationMs: number, x: (atMs: number) => number, y: number): string {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 3_600];
  const stepMs = 1_000 * (steps.find((seconds) => durationMs / (seconds * 1_000) <= 14) ?? 7_200);
  const marks: string[] = [];
  for (let atMs = 0; atMs <= durationMs; atMs += stepMs) {
    marks.push(
      `<text class="tick" x="${x(atMs).toFixed(1)}" y="${y + 14}" text-anchor="middle">${moment(atMs).split(".")[0]}</text>`,
    );
  }
  return marks.join("");
}

function columnsOf({ traffic, durationMs }: TortureRecord): readonly Column[] {
  const { bucketMs, buckets } = traffic;
  const together = Math.max(1, Math.ceil(durationMs / bucketMs / columns));
  const merged: Column[] = [];
  for (let start = 0; start < buckets.length; start += together) {
    const group = buckets.slice(start, start + together);
    merged.push({
      fromMs: start * bucketMs,
      writes: sum(group.map(({ writes }) => writes)),
      reads: sum(group.map(({ reads }) => reads)),
      failed: sum(group.map(({ failed }) => failed)),
      slowestMs: Math.max(...group.map(({ slowestMs }) => slowestMs)),
    });
  }
  return merged;
}

function stepOf(merged: readonly Column[]): number {
  return merged[1]?.fromMs ?? 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** 1, 2 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

function gridLine(text: string, y: number): string {
  return (
    `<line class="grid" x1="${left}" x2="${width - right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>` +
    `<text class="tick" x="${left - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end">${asText(text)}</text>`
  );
}

function label(text: string, y: number): string {
  return `<text class="label" x="0" y="${y}">${asText(text)}</text>`;
}

/** Never so narrow that it cannot be seen. */
function rectangle(kind: string, x: number, y: number, wide: number, high: number, title: string): string {
  const size = `width="${Math.max(wide, 1.5).toFixed(1)}" height="${high.toFixed(1)}"`;
  return `<rect class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${size}><title>${asText(title)}</title></rect>`;
}
