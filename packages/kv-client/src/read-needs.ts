import { Consistency } from "@raftkv/proto/kv";
import { invalidArgument } from "./error.ts";

/**
 * - `linearizable`: sees every write that was acknowledged, to anybody, before the read began. The default.
 * - `lease`: the same, as long as no node's clock runs faster than another's by more than the bound that the cluster is set
 *   up with: the leader answers without asking the others. A cluster that is not set up for it refuses with LEASES_DISABLED.
 * - `serializable`: what the asked node has applied: perhaps behind, never torn. Cheaper, and served without a leader.
 */
export type ReadConsistency = "linearizable" | "lease" | "serializable";

/** What a read must see. */
export interface ReadNeedsOptions {
  /** `linearizable` unless told; `serializable` where `minRevision` or `maxStalenessMs` is given. */
  readonly consistency?: ReadConsistency;
  /**
   * The answer is from this revision of the store or a later one, such as the one that a put has answered with. A node
   * that has not come to it waits. FUTURE_REVISION if the cluster had not come to it when the deadline passed.
   */
  readonly minRevision?: number;
  /**
   * The answer shows everything that had been acknowledged so long before the node took the read in. Not together with
   * `linearizable` and `lease`, which are never behind.
   */
  readonly maxStalenessMs?: number;
}

/** The same, checked and complete. */
export interface ReadNeeds {
  readonly consistency: ReadConsistency;
  /** 0: any. */
  readonly minRevision: number;
  /** Undefined: any. */
  readonly maxStalenessMs: number | undefined;
}

const wireConsistency: Readonly<Record<ReadConsistency, Consistency>> = {
  linearizable: Consistency.LINEARIZABLE,
  lease: Consistency.LEASE,
  serializable: Consistency.SERIALIZABLE,
};

/** Throws INVALID_ARGUMENT with the option, what was found and what was expected. */
export function readNeeds({ consistency, minRevision, maxStalenessMs }: ReadNeedsOptions): ReadNeeds {
  const isBounded = minRevision !== undefined || maxStalenessMs !== undefined;
  const level = consistency ?? (isBounded ? "serializable" : "linearizable");
  if (!Object.hasOwn(wireConsistency, level)) {
    const levels = Object.keys(wireConsistency).map((name) => `"${name}"`);
    throw invalidArgument(`consistency is ${JSON.stringify(level)}: expected one of ${levels.join(", ")}`);
  }
  if (maxStalenessMs !== undefined && level !== "serializable") {
    throw invalidArgument(
      `maxStalenessMs does not go with a ${level} read, which is never behind: leave one of them out`,
    );
  }
  return {
    consistency: level,
    minRevision: count("minRevision", minRevision ?? 0),
    maxStalenessMs: maxStalenessMs === undefined ? undefined : count("maxStalenessMs", maxStalenessMs),
  };
}

/** Whether one batch can meet both: all of it is read at once, from the latest of the revisions asked for. */
export function goTogether(a: ReadNeeds, b: ReadNeeds): boolean {
  return a.consistency === b.consistency && a.maxStalenessMs === b.maxStalenessMs;
}

/** For a batch of reads that go together. */
export function wireNeeds(needs: readonly [ReadNeeds, ...ReadNeeds[]]) {
  const [{ consistency, maxStalenessMs }] = needs;
  return {
    consistency: wireConsistency[consistency],
    minRevision: BigInt(needs.reduce((latest, { minRevision }) => Math.max(latest, minRevision), 0)),
    ...(maxStalenessMs === undefined ? {} : { maxStalenessMs: BigInt(maxStalenessMs) }),
  };
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(`${name} is ${value}: expected a whole number from 0`);
}
