import { createHash } from "node:crypto";
import type { Index } from "@raftkv/raft-core";
import type { StateView } from "../ports/state-store.ts";
import { encodeRows } from "./snapshot-format.ts";

/** Every row of the state at `index`, as one number: equal on all nodes that have applied the same entries. */
export interface Fingerprint {
  readonly index: Index;
  readonly sha256: string;
}

/** Closes the view. */
export async function fingerprintOf(view: StateView): Promise<Fingerprint> {
  try {
    const hash = createHash("sha256");
    // One after the other: how an engine batches its rows does not show.
    for await (const batch of view.rows()) hash.update(encodeRows(batch));
    return { index: view.appliedIndex, sha256: hash.digest("hex") };
  } finally {
    await view.close();
  }
}
