import { Consistency } from "@raftkv/proto/kv";
import { KvFailure } from "./kv-failure.ts";
import { invalid } from "./text-form.ts";

/** What a read asks for on the wire, alone or in a batch. */
export interface WireReadNeeds {
  readonly consistency: Consistency;
  readonly minRevision: bigint;
  readonly maxStalenessMs?: bigint | undefined;
}

/** What an answer must show. */
export interface ReadNeeds {
  /** `local`: whatever this node has applied, within the other two. */
  readonly level: "linearizable" | "lease" | "local";
  /** 0: any. */
  readonly minRevision: number;
  /** Infinity: any. */
  readonly maxStalenessMs: number;
}

/** Throws a `KvFailure` where that makes no sense. */
export function readNeeds({ consistency, minRevision, maxStalenessMs }: WireReadNeeds): ReadNeeds {
  const bounded = minRevision > 0n || maxStalenessMs !== undefined;
  const level = levelOf(consistency, bounded);
  if (maxStalenessMs !== undefined && level !== "local") {
    throw new KvFailure(
      invalid(`max_staleness_ms does not go with ${Consistency[consistency]}, which is never behind`),
    );
  }
  if (minRevision > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new KvFailure(invalid(`min_revision is ${minRevision}, expected at most ${Number.MAX_SAFE_INTEGER}`));
  }
  return {
    level,
    minRevision: Number(minRevision),
    maxStalenessMs: maxStalenessMs === undefined ? Number.POSITIVE_INFINITY : Number(maxStalenessMs),
  };
}

function levelOf(consistency: Consistency, bounded: boolean): ReadNeeds["level"] {
  switch (consistency) {
    case Consistency.UNSPECIFIED:
      return bounded ? "local" : "linearizable";
    case Consistency.LINEARIZABLE:
      return "linearizable";
    case Consistency.LEASE:
      return "lease";
    case Consistency.SERIALIZABLE:
      return "local";
    default:
      throw new KvFailure(invalid(`consistency ${consistency} is unknown to this version of raftkv`));
  }
}
