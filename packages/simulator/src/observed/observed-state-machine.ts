import { createHash } from "node:crypto";
import type { ApplyResult } from "@raftkv/kv-server";
import type { NodeId, StateMachine } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";

/**
 * The state machine itself, with what it applies and what its snapshots hold seen; not of those in which something is left
 * that is compacted: how much is for each node to say.
 */
export function observedStateMachine(
  machine: StateMachine<ApplyResult>,
  node: NodeId,
  isScavenged: () => boolean,
  observe: Observe,
): StateMachine<ApplyResult> {
  return {
    appliedIndex: () => machine.appliedIndex(),
    durableIndex: () => machine.durableIndex(),
    async apply(entries) {
      const results = await machine.apply(entries);
      observe({ kind: "applied", node, entries, results: results.map(resultText) });
      return results;
    },
    flush: () => machine.flush(),
    async snapshot() {
      const snapshot = await machine.snapshot();
      const isComparable = isScavenged();
      return {
        index: snapshot.index,
        read: () => {
          const { index } = snapshot;
          if (!isComparable) return snapshot.read();
          return hashed(snapshot.read(), (digest) => observe({ kind: "state", node, index, digest }));
        },
        close: () => snapshot.close(),
      };
    },
    restore: (source) => machine.restore(source),
    close: () => machine.close(),
  };
}

/** Equal for equal results, however they came to be: an answer that was kept may name its fields in another order. */
function resultText(result: ApplyResult): string {
  const isPlain =
    result.kind !== "answers" || result.answers.every((answer) => plain.has(answer.kind) && !("previous" in answer));
  return JSON.stringify(isPlain ? result : inOrder(result));
}

/** Answers that are always made in the same way. */
const plain: ReadonlySet<string> = new Set([
  "put",
  "openSession",
  "closeSession",
  "skip",
  "compact",
  "raiseApplyVersion",
]);

function inOrder(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, inOrder(field)]));
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
