import { describeOperation } from "./describe-operation.ts";
import { escaped } from "./escaped.ts";
import { type Bar, type DrawnOperation, type Lane, layOut } from "./layout.ts";

const rowHeight = 48;
const barHeight = 26;
const barTop = 15;
const top = 34;
const left = 110;
const right = 20;

/**
 * Draws a history as SVG: clients as lanes, operations as bars from call to answer, open to the right where there was no
 * answer; numbers and a line through them show the order in which they took effect, as far as there is one. Complete in
 * itself, for light and dark screens; the whole of each operation is in its tooltip.
 */
export function drawTimeline(operations: readonly DrawnOperation[]): string {
  const { bars, lanes, rows, width } = layOut(operations);
  const [fullWidth, height] = [left + width + right, top + rows * rowHeight + 14];
  const inOrder = bars.filter(({ place }) => place !== undefined).sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  const line = inOrder.map((bar) => `${left + (bar.pointX ?? 0)},${pointY(bar)}`).join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" width="${fullWidth}" height="${height}" viewBox="0 0 ${fullWidth} ${height}" role="img" aria-label="Timeline of the operations">
<style>${style}</style>
<defs><linearGradient id="open"><stop offset="0.6" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></linearGradient>
<mask id="fade" maskContentUnits="objectBoundingBox"><rect width="1" height="1" fill="url(#open)"/></mask></defs>
<rect class="paper" width="${fullWidth}" height="${height}"/>
<text class="axis" x="${left}" y="20">time →</text>
${lanes.map((lane, number) => drawLane(lane, number, fullWidth)).join("\n")}
${bars.map(drawBar).join("\n")}
<polyline class="order" points="${line}"/>
${inOrder.map(drawPoint).join("\n")}
</svg>`;
}

function drawLane({ name, firstRow, rows }: Lane, number: number, width: number): string {
  const y = top + firstRow * rowHeight;
  const height = rows * rowHeight;
  return `<rect class="lane${number % 2 === 0 ? "" : " odd"}" x="0" y="${y}" width="${width}" height="${height}"/>
<text class="client" x="12" y="${y + height / 2}"><title>client ${escaped(name)}</title>${escaped(laneLabel(name))}</text>`;
}

function laneLabel(name: string): string {
  if (name === "") return "no client";
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}

function drawBar(bar: Bar): string {
  const { operation, part, label, x, width, row } = bar;
  const y = top + row * rowHeight + barTop;
  const isOpen = operation.answeredAt === undefined;
  const textX = left + x + 10;
  const cross = part === "stuck" ? `<tspan class="cross">✗ </tspan>` : "";
  return `<g class="bar ${part}${isOpen ? " open" : ""}"><title>${escaped(tooltip(bar))}</title>
<rect x="${left + x}" y="${y}" width="${Math.max(width, 6)}" height="${barHeight}" rx="6"${isOpen ? ' mask="url(#fade)"' : ""}/>
<text x="${textX}" y="${y + barHeight / 2}">${cross}${escaped(label)}</text></g>`;
}

function drawPoint(bar: Bar): string {
  const [x, y] = [left + (bar.pointX ?? 0), pointY(bar)];
  return `<g class="point ${bar.part}"><title>${escaped(tooltip(bar))}</title><circle cx="${x}" cy="${y}" r="8.5"/><text x="${x}" y="${y}">${bar.place}</text></g>`;
}

/** On the upper edge of the bar, so that the label stays readable. */
function pointY({ row }: Bar): number {
  return top + row * rowHeight + barTop;
}

const meaning = {
  before: "certain to have happened before",
  explained: "fits at its place in the order",
  stuck: "no order explains this answer",
  unexplained: "comes after the answer that nothing explains",
  unanswered: "without an answer here: takes effect later, or never",
} as const;

function tooltip({ operation, part, place }: DrawnOperation): string {
  const { client, key, calledAt, answeredAt } = operation;
  const who = [client === undefined ? "" : `client ${client}`, key === undefined ? "" : `key ${key}`].filter(Boolean);
  const when = `called at ${calledAt}, ${answeredAt === undefined ? "no answer" : `answered at ${answeredAt}`}`;
  const order = place === undefined ? "" : `number ${place} in the order: `;
  return [...who, describeOperation(operation), when, `${order}${meaning[part]}`].join("\n");
}

const style = `
.timeline { --paper: #fff; --lane: #f6f7f9; --ink: #1c2330; --soft: #667085; --before: #e4e7ec; --fits: #d6e8ff; --edge: #3b7ddd;
  --bad: #ffdcd8; --bad-edge: #d03324; --open: #fff1d0; --open-edge: #b7791f; font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) { .timeline { --paper: #14181f; --lane: #1b2029; --ink: #e6e9ef; --soft: #97a1b3; --before: #2c3340;
  --fits: #173a63; --edge: #6aa9f7; --bad: #5a1d19; --bad-edge: #ff7a6b; --open: #48360f; --open-edge: #e0ac4a; } }
.timeline text { fill: var(--ink); dominant-baseline: central; }
.timeline .paper { fill: var(--paper); } .timeline .lane { fill: var(--lane); } .timeline .lane.odd { fill: var(--paper); }
.timeline .axis { fill: var(--soft); } .timeline .client { font-weight: 600; }
.timeline .bar rect { fill: var(--fits); stroke: var(--edge); }
.timeline .bar.before rect { fill: var(--before); stroke: var(--soft); }
.timeline .bar.stuck rect { fill: var(--bad); stroke: var(--bad-edge); stroke-width: 2; }
.timeline .bar.stuck .cross { fill: var(--bad-edge); font-weight: 700; }
.timeline .bar.unexplained rect { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; }
.timeline .bar.open rect { stroke-dasharray: 5 3; } .timeline .bar.unanswered rect { fill: var(--open); stroke: var(--open-edge); }
.timeline .bar:hover rect { stroke-width: 2.5; }
.timeline .order { fill: none; stroke: var(--edge); stroke-width: 1.5; stroke-opacity: 0.55; stroke-linejoin: round; }
.timeline .point circle { fill: var(--edge); } .timeline .point.before circle { fill: var(--soft); }
.timeline .point text { fill: var(--paper); font-size: 10px; font-weight: 700; text-anchor: middle; }
`;
