import type { Operation } from "../operation.ts";
import { describeOperation } from "./describe-operation.ts";

/** What an operation is to the picture. */
export type Part = "before" | "explained" | "stuck" | "unexplained" | "unanswered";

export interface DrawnOperation {
  readonly operation: Operation<unknown, unknown>;
  readonly part: Part;
  /** Where it stands in the order, from 1; undefined: it has no place in it. */
  readonly place: number | undefined;
}

export interface Bar extends DrawnOperation {
  readonly label: string;
  readonly x: number;
  readonly width: number;
  readonly row: number;
  /** Where it takes effect, for one with a place in the order. */
  readonly pointX: number | undefined;
}

export interface Lane {
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

export interface Layout {
  readonly bars: readonly Bar[];
  readonly lanes: readonly Lane[];
  readonly rows: number;
  readonly width: number;
}

const columnGap = 12;
const characterWidth = 7.3;
const labelPadding = 22;
const maxLabel = 46;

/**
 * Clients as lanes, time from left to right. What counts is the order of calls and answers, not how long anything took: so
 * each moment gets as much room as the labels need.
 */
export function layOut(operations: readonly DrawnOperation[]): Layout {
  const drawn = [...operations].sort((a, b) => a.operation.calledAt - b.operation.calledAt);
  const labels = new Map(drawn.map((each) => [each, shortened(describeOperation(each.operation))]));
  const widthOf = (each: DrawnOperation) => {
    const cross = each.part === "stuck" ? 2 : 0;
    return ((labels.get(each) ?? "").length + cross) * characterWidth + labelPadding;
  };
  const xs = placeMoments(drawn, widthOf);
  const moments = [...xs.values()];
  const open = drawn.filter(({ operation }) => operation.answeredAt === undefined);
  const width = Math.max(
    ...moments.map((x) => x + 24),
    ...open.map((each) => (xs.get(each.operation.calledAt) ?? 0) + widthOf(each) + 40),
    420,
  );
  const { lanes, rowOf, rows } = lanesOf(drawn);
  const points = pointsOf(drawn, xs, width);
  const bars = drawn.map((each): Bar => {
    const { calledAt, answeredAt } = each.operation;
    const x = xs.get(calledAt) ?? 0;
    const end = answeredAt === undefined ? width : (xs.get(answeredAt) ?? width);
    const label = labels.get(each) ?? "";
    return { ...each, label, x, width: end - x, row: rowOf.get(each) ?? 0, pointX: points.get(each) };
  });
  return { bars, lanes, rows, width };
}

function shortened(label: string): string {
  return label.length > maxLabel ? `${label.slice(0, maxLabel - 1)}…` : label;
}

/** From left to right: each moment a little after the one before, and each answer as far behind its call as its label is long. */
function placeMoments(
  drawn: readonly DrawnOperation[],
  widthOf: (operation: DrawnOperation) => number,
): ReadonlyMap<number, number> {
  const times = new Set(
    drawn.flatMap(({ operation }) => [operation.calledAt, operation.answeredAt ?? operation.calledAt]),
  );
  const xs = new Map<number, number>();
  let x = 0;
  for (const time of [...times].sort((a, b) => a - b)) {
    for (const each of drawn) {
      const { calledAt, answeredAt } = each.operation;
      if (answeredAt === time && calledAt !== time) x = Math.max(x, (xs.get(calledAt) ?? 0) + widthOf(each));
    }
    xs.set(time, x);
    x += columnGap;
  }
  return xs;
}

/** One lane a client; what a client has under way at the same time is drawn in rows of it. */
function lanesOf(drawn: readonly DrawnOperation[]) {
  const clients = [...new Set(drawn.map(({ operation }) => operation.client))];
  clients.sort((a, b) => (a ?? "").localeCompare(b ?? "", "en", { numeric: true }));
  const lanes: Lane[] = [];
  const rowOf = new Map<DrawnOperation, number>();
  let rows = 0;
  for (const client of clients) {
    const busyUntil: number[] = [];
    for (const each of drawn) {
      const { operation } = each;
      if (operation.client !== client) continue;
      const free = busyUntil.findIndex((until) => until < operation.calledAt);
      const row = free < 0 ? busyUntil.length : free;
      busyUntil[row] = operation.answeredAt ?? Number.POSITIVE_INFINITY;
      rowOf.set(each, rows + row);
    }
    lanes.push({ name: client ?? "", firstRow: rows, rows: busyUntil.length });
    rows += busyUntil.length;
  }
  return { lanes, rowOf, rows };
}

/** Each one's moment lies within its bar, and not in front of the one before it in the order. */
function pointsOf(
  drawn: readonly DrawnOperation[],
  xs: ReadonlyMap<number, number>,
  width: number,
): ReadonlyMap<DrawnOperation, number> {
  const points = new Map<DrawnOperation, number>();
  const inOrder = drawn.filter(({ place }) => place !== undefined);
  inOrder.sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  let x = 0;
  for (const each of inOrder) {
    const { calledAt, answeredAt } = each.operation;
    const end = answeredAt === undefined ? width : (xs.get(answeredAt) ?? width);
    x = Math.min(Math.max(x + 4, (xs.get(calledAt) ?? 0) + 13), end - 4);
    points.set(each, x);
  }
  return points;
}
