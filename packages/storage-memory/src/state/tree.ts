import type { StateRow } from "@raftkv/kv-server";
import { compareKeys } from "./compare-keys.ts";

/** What becomes of a key: `value` undefined removes it. */
export interface TreeChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/**
 * A persistent B+ tree: a change makes new nodes along its path and shares all others with the tree before, which
 * stays as it was. All leaves are equally deep; only the empty tree has a leaf without rows.
 */
export type Tree = Leaf | Branch;

interface Leaf {
  readonly kind: "leaf";
  /** Ascending by key. */
  readonly rows: readonly StateRow[];
  readonly bytes: number;
}

interface Branch {
  readonly kind: "branch";
  readonly children: readonly Tree[];
  /** The first key of each child. */
  readonly firstKeys: readonly Uint8Array[];
  readonly bytes: number;
}

const maxRows = 32;
const maxChildren = 64;

export const emptyTree: Tree = { kind: "leaf", rows: [], bytes: 0 };

/** A tree of these rows, which are ascending by key. */
export function treeOf(rows: readonly StateRow[]): Tree {
  return rooted(leavesOf(rows));
}

export function valueAt(tree: Tree, key: Uint8Array): Uint8Array | undefined {
  let node = tree;
  while (node.kind === "branch") {
    const child = node.children[childFor(node, key)];
    if (child === undefined) return undefined;
    node = child;
  }
  const row = node.rows[firstAtLeast(node.rows.length, keyOfRow(node.rows), key)];
  return row && compareKeys(row.key, key) === 0 ? row.value : undefined;
}

/** The rows from `from` on, in order. */
export function* rowsFrom(tree: Tree, from: Uint8Array): Generator<StateRow, void, undefined> {
  for (const rows of runsFrom(tree, from)) yield* rows;
}

/** The tree with all `changes` (ascending by key, each key once) made to it. */
export function withChanges(tree: Tree, changes: readonly TreeChange[]): Tree {
  if (changes.length === 0) return tree;
  return rooted(changed(tree, changes));
}

/** What stands in the node's place after the changes: siblings of its own depth, or nothing. */
function changed(node: Tree, changes: readonly TreeChange[]): readonly Tree[] {
  return node.kind === "leaf" ? leavesOf(mergedRows(node.rows, changes)) : changedBranch(node, changes);
}

function changedBranch(branch: Branch, changes: readonly TreeChange[]): readonly Tree[] {
  const children: Tree[] = [];
  let start = 0;
  for (const [position, child] of branch.children.entries()) {
    const next = branch.firstKeys[position + 1];
    const end = next ? firstAtLeast(changes.length, keyOfRow(changes), next) : changes.length;
    if (end === start) appendJoining(children, child);
    else for (const node of changed(child, changes.slice(start, end))) appendJoining(children, node);
    start = end;
  }
  return branchesOf(children);
}

/** Joins neighbours that have become small, so that a tree that was emptied here and there does not stay sparse. */
function appendJoining(siblings: Tree[], node: Tree): void {
  const last = siblings.at(-1);
  const joined = last && join(last, node);
  if (joined) siblings[siblings.length - 1] = joined;
  else siblings.push(node);
}

function join(a: Tree, b: Tree): Tree | undefined {
  if (a.kind === "leaf" && b.kind === "leaf") {
    return a.rows.length + b.rows.length <= maxRows / 2 ? leaf([...a.rows, ...b.rows]) : undefined;
  }
  if (a.kind === "branch" && b.kind === "branch") {
    const small = a.children.length + b.children.length <= maxChildren / 2;
    return small ? branch([...a.children, ...b.children]) : undefined;
  }
  throw new Error("two siblings of one tree are of different depth");
}

function mergedRows(rows: readonly StateRow[], changes: readonly TreeChange[]): readonly StateRow[] {
  const merged: StateRow[] = [];
  let at = 0;
  for (const { key, value } of changes) {
    const place = firstAtLeast(rows.length, keyOfRow(rows), key, at);
    appendSlice(merged, rows, at, place);
    at = place;
    const replaced = rows[at];
    if (replaced && compareKeys(replaced.key, key) === 0) at += 1;
    if (value !== undefined) merged.push({ key, value });
  }
  appendSlice(merged, rows, at, rows.length);
  return merged;
}

function appendSlice(target: StateRow[], rows: readonly StateRow[], from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const row = rows[at];
    if (row) target.push(row);
  }
}

/** Puts levels of branches on top until there is one root; a root with a single child is left out. */
function rooted(nodes: readonly Tree[]): Tree {
  let level = nodes;
  while (level.length > 1) level = branchesOf(level);
  let root = level[0] ?? emptyTree;
  while (root.kind === "branch" && root.children.length === 1) root = root.children[0] ?? emptyTree;
  return root;
}

function leavesOf(rows: readonly StateRow[]): readonly Leaf[] {
  return evenParts(rows, maxRows).map(leaf);
}

function branchesOf(children: readonly Tree[]): readonly Branch[] {
  return evenParts(children, maxChildren).map(branch);
}

function leaf(rows: readonly StateRow[]): Leaf {
  const bytes = rows.reduce((sum, { key, value }) => sum + key.byteLength + value.byteLength, 0);
  return { kind: "leaf", rows, bytes };
}

function branch(children: readonly Tree[]): Branch {
  const bytes = children.reduce((sum, child) => sum + child.bytes, 0);
  return { kind: "branch", children, firstKeys: children.map(firstKey), bytes };
}

function firstKey(node: Tree): Uint8Array {
  const key = node.kind === "leaf" ? node.rows[0]?.key : node.firstKeys[0];
  if (key === undefined) throw new Error("a node below the root of a tree is empty");
  return key;
}

/** Cuts into as few parts as possible of at most `most`, of nearly the same length. */
function evenParts<T>(items: readonly T[], most: number): readonly (readonly T[])[] {
  if (items.length <= most) return items.length === 0 ? [] : [items];
  const count = Math.ceil(items.length / most);
  const bound = (part: number) => Math.floor((part * items.length) / count);
  return Array.from({ length: count }, (_, part) => items.slice(bound(part), bound(part + 1)));
}

function* runsFrom(node: Tree, from: Uint8Array): Generator<readonly StateRow[], void, undefined> {
  if (node.kind === "leaf") {
    yield node.rows.slice(firstAtLeast(node.rows.length, keyOfRow(node.rows), from));
    return;
  }
  for (let position = childFor(node, from); position < node.children.length; position++) {
    const child = node.children[position];
    if (child) yield* runsFrom(child, from);
  }
}

/** The child that holds `key` if any does: the last whose first key is not above it. */
function childFor(branch: Branch, key: Uint8Array): number {
  const { firstKeys } = branch;
  const at = firstAtLeast(firstKeys.length, (position) => firstKeys[position], key);
  const found = firstKeys[at];
  return found && compareKeys(found, key) === 0 ? at : Math.max(0, at - 1);
}

function keyOfRow(rows: readonly { readonly key: Uint8Array }[]): (position: number) => Uint8Array | undefined {
  return (position) => rows[position]?.key;
}

/** Binary search from `start` on: the first of `length` ascending keys that is not below `key`, or `length`. */
function firstAtLeast(
  length: number,
  keyAt: (position: number) => Uint8Array | undefined,
  key: Uint8Array,
  start = 0,
): number {
  let low = start;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keyAt(middle);
    if (found && compareKeys(found, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
