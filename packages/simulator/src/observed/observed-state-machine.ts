import { createHash } from "node:crypto";
import type { ApplyResult } from "@raftkv/kv-server";
import type { NodeId, StateMachine } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";

/** The state machine itself, with what it applies and what its snapshots hold seen. */
export function observedStateMachine(
  machine: StateMachine<ApplyResult>,
  node: NodeId,
  observe: Observe,
): StateMachine<ApplyResult> {
  return {
    appliedIndex: () => machine.appliedIndex(),
    durableIndex: () => machine.durableIndex(),
    async apply(entries) {
      const results = await machine.apply(entries);
      observe({ kind: "applied", node, entries, results: results.map((result) => JSON.stringify(result)) });
      return results;
    },
    flush: () => machine.flush(),
    async snapshot() {
      const snapshot = await machine.snapshot();
      return {
        index: snapshot.index,
        read: () =>
          hashed(snapshot.read(), (digest) => observe({ kind: "state", node, index: snapshot.index, digest })),
        close: () => snapshot.close(),
      };
    },
    restore: (source) => machine.restore(source),
    close: () => machine.close(),
  };
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  done: (digest: string) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  done(hash.digest("hex"));
}
