import type { CheckedState } from "@raftkv/proto/cluster";
import type { NodeId } from "@raftkv/raft-core";
import type { StoreHistory } from "../observed/store-history.ts";

/** What a node has told of its whole state, as of one entry of the log. */
interface Told {
  readonly node: NodeId;
  readonly text: string;
  readonly revision: number;
  readonly keys: number;
}

/** What nodes have told of their whole states: of one entry all of them the same, whenever they are asked. */
export class CheckRecords {
  readonly #told = new Map<number, Told>();
  #count = 0;

  /** How often a node had a state to tell of. */
  get count(): number {
    return this.#count;
  }

  /** Returns what is wrong with it. */
  add(node: NodeId, { index, revision, keys, fingerprint, parts, revisions }: CheckedState): string | undefined {
    this.#count++;
    const hashes = [...parts.map(({ name, rows, hash }) => `${name} ${rows} ${hex(hash)}`), ...revisions.map(textOf)];
    const text = [`${revision} ${keys} ${hex(fingerprint)}`, ...hashes].join(", ");
    const told = { node, text, revision: Number(revision), keys: Number(keys) };
    const before = this.#told.get(Number(index)) ?? told;
    this.#told.set(Number(index), before);
    if (before.text === text) return undefined;
    return `as of entry ${index} node ${before.node} has told ${before.text}, and node ${node} ${text}`;
  }

  /** Throws where a state was told of another revision than the store had at that entry, or of fewer keys or more. */
  check(history: StoreHistory): void {
    for (const [index, { node, revision, keys }] of this.#told) {
      const at = history.at(index);
      const there = history.replay.rangeAt({ from: "", to: undefined }, at.revision).length;
      if (revision === at.revision && keys === there) continue;
      throw new Error(
        `node ${node} has found ${keys} keys at revision ${revision} as of entry ${index}, and there were ${there} at ${at.revision}`,
      );
    }
  }
}

function textOf({ revision, hash }: { readonly revision: bigint; readonly hash: bigint }): string {
  return `${revision} ${hash.toString(16)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
