import { createHash } from "node:crypto";
import type { Index } from "@raftkv/raft-core";
import type { StateView } from "../ports/state-store.ts";
import { encodeSnapshot } from "./snapshot-format.ts";

/** Every row of the state at `index`, as one number: equal on all nodes that have applied the same entries. */
export interface Fingerprint {
  readonly index: Index;
  readonly sha256: string;
}

/** Closes the view. */
export async function fingerprintOf(view: StateView): Promise<Fingerprint> {
  try {
    const hash = createHash("sha256");
    for await (const chunk of encodeSnapshot(0, singleRows(view.rows()))) hash.update(chunk);
    return { index: view.appliedIndex, sha256: hash.digest("hex") };
  } finally {
    await view.close();
  }
}

/** One row a batch, so that how an engine batches its rows does not show. */
async function* singleRows<Row>(
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<readonly Row[], void, undefined> {
  for await (const batch of batches) for (const row of batch) yield [row];
}
