import type { StateRow } from "@raftkv/kv-server";
import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, it } from "vitest";
import { emptyTree, rowsFrom, type Tree, type TreeChange, treeOf, valueAt, withChanges } from "./tree.ts";

function key(number: number): Uint8Array {
  return new TextEncoder().encode(String(number).padStart(7, "0"));
}

function rowsOf(numbers: readonly number[]): readonly StateRow[] {
  return numbers.map((number) => ({ key: key(number), value: key(number) }));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function numbersIn(tree: Tree): readonly number[] {
  return Array.from(rowsFrom(tree, new Uint8Array(0)), (row) => Number(new TextDecoder().decode(row.key)));
}

/** Checks what every tree promises, and returns its depth. */
function checkedDepth(node: Tree): number {
  if (node.kind === "leaf") {
    expect(node.rows.length).toBeLessThanOrEqual(32);
    expect(node.bytes).toBe(node.rows.length * 14);
    return 1;
  }
  expect(node.children.length).toBeLessThanOrEqual(64);
  expect(node.bytes).toBe(node.children.reduce((sum, child) => sum + child.bytes, 0));
  const depths = new Set(node.children.map(checkedDepth));
  expect(depths.size).toBe(1);
  return 1 + Math.max(...depths);
}

function nodeCount(node: Tree): number {
  return node.kind === "leaf" ? 1 : node.children.reduce((sum, child) => sum + nodeCount(child), 1);
}

describe("the tree of the state", () => {
  it("holds many rows in a few levels, and finds each", () => {
    const tree = treeOf(rowsOf(upTo(20_000)));
    expect(checkedDepth(tree)).toBe(3);
    for (const number of upTo(20_000)) expect(valueAt(tree, key(number))).toBeDefined();
    expect(valueAt(tree, key(20_000))).toBeUndefined();
    expect(valueAt(emptyTree, key(1))).toBeUndefined();
  });

  it("leaves the tree before a change as it was", () => {
    const before = treeOf(rowsOf(upTo(5000)));
    const removed: readonly TreeChange[] = upTo(4000).map((number) => ({ key: key(number), value: undefined }));
    const after = withChanges(before, removed);
    expect(numbersIn(before)).toEqual(upTo(5000));
    expect(numbersIn(after)).toEqual(upTo(5000).slice(4000));
  });

  it("shares all but the path to a changed row", () => {
    const before = treeOf(rowsOf(upTo(20_000)));
    const after = withChanges(before, [{ key: key(7777), value: new Uint8Array(7) }]);
    if (before.kind !== "branch" || after.kind !== "branch") throw new Error("expected branches");
    const kept = after.children.filter((child) => before.children.includes(child));
    expect(kept.length).toBe(before.children.length - 1);
  });

  it("shrinks as rows go, down to the empty tree", () => {
    let tree = treeOf(rowsOf(upTo(20_000)));
    const full = nodeCount(tree);
    const most = upTo(20_000).filter((number) => number % 50 !== 0);
    tree = withChanges(
      tree,
      most.map((number) => ({ key: key(number), value: undefined })),
    );
    expect(numbersIn(tree)).toEqual(upTo(20_000).filter((number) => number % 50 === 0));
    expect(nodeCount(tree)).toBeLessThan(full / 10);
    const rest = numbersIn(tree).map((number) => ({ key: key(number), value: undefined }));
    expect(withChanges(tree, rest)).toEqual(emptyTree);
  });

  it("stays balanced through random batches", () => {
    const random = seededRandom(11);
    const expected = new Set<number>();
    let tree = emptyTree;
    for (let round = 0; round < 60; round++) {
      const numbers = new Set(upTo(400).map(() => integerBetween(random, 0, 9999)));
      const removing = round % 3 === 2;
      const sorted = [...numbers].sort((a, b) => a - b);
      tree = withChanges(
        tree,
        sorted.map((number) => ({ key: key(number), value: removing ? undefined : key(number) })),
      );
      for (const number of numbers) removing ? expected.delete(number) : expected.add(number);
      checkedDepth(tree);
      expect(numbersIn(tree)).toEqual([...expected].sort((a, b) => a - b));
    }
  });
});
