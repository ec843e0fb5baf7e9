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
      observe({ kind: "applied", node, entries: entries.slice(0, results.length), results: results.map(resultText) });
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
  return isPlain ? JSON.stringify(result) : textOf(result);
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

/** As JSON, with fields in the order of their names and bytes in hexadecimal. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array)
    return `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")}"`;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const name of Object.keys(value).sort()) {
    if (fields[name] === undefined) continue;
    text += `${text === "" ? "" : ","}"${name}":${textOf(fields[name])}`;
  }
  return `{${text}}`;
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
