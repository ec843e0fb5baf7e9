import { describe, expect, it } from "vitest";
import { type DrawnOperation, layOut } from "./layout.ts";

const drawn = (client: string, calledAt: number, answeredAt: number | undefined, place?: number): DrawnOperation => ({
  operation: { client, calledAt, answeredAt, call: { kind: "get" }, answer: { kind: "absent" } },
  part: "explained",
  place,
});

describe("the layout of a timeline", () => {
  it("gives each client a lane, in their order, and rows to what it has under way at once", () => {
    const { lanes, rows } = layOut([drawn("10", 0, 5), drawn("2", 1, 3), drawn("2", 2, 4), drawn("2", 4.5, 6)]);
    expect(lanes).toEqual([
      { name: "2", firstRow: 0, rows: 2 },
      { name: "10", firstRow: 2, rows: 1 },
    ]);
    expect(rows).toBe(3);
  });

  it("keeps the order of calls and answers, and room for labels", () => {
    const { bars, width } = layOut([drawn("a", 0, 4), drawn("b", 1, 2), drawn("c", 3, undefined)]);
    const [a, b, c] = bars;
    const end = (bar = a) => (bar?.x ?? 0) + (bar?.width ?? 0);
    expect(a?.x).toBeLessThan(b?.x ?? 0);
    expect(end(b)).toBeLessThan(c?.x ?? 0);
    expect(c?.x).toBeLessThan(end(a));
    expect(end(c)).toBe(width);
    for (const bar of bars) expect(bar.width).toBeGreaterThan(bar.label.length * 7);
  });

  it("puts the moments of an order in that order, each within its bar", () => {
    const { bars } = layOut([drawn("a", 0, 9, 2), drawn("b", 1, 8, 1), drawn("c", 2, 7, 3)]);
    const inOrder = [...bars].sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
    const points = inOrder.map(({ pointX }) => pointX ?? Number.NaN);
    expect(points).toEqual([...points].sort((a, b) => a - b));
    for (const { x, width, pointX } of bars) {
      expect(pointX).toBeGreaterThan(x);
      expect(pointX).toBeLessThan(x + width);
    }
  });
});
