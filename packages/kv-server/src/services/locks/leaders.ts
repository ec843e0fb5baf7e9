import { create } from "@bufbuild/protobuf";
import { ErrorCode, type KeyValue, type RangeRequest, RangeRequestSchema, SortTarget } from "@raftkv/proto/kv";
import { keyId } from "../../state/key-id.ts";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { range } from "../unary-reads.ts";
import type { Awaited, ChangeWaits } from "./change-waits.ts";
import { type Call, placesOf } from "./place.ts";

/** Who is the first in a queue, and from which revision on. */
export interface Leader {
  /** Undefined: nobody. */
  readonly entry: KeyValue | undefined;
  readonly revision: bigint;
}

/** Linearizable; or as it was at a revision that the node has applied. */
export async function leaderOf(
  context: ServiceContext,
  name: Uint8Array,
  call: Call,
  atRevision?: number,
): Promise<Leader> {
  const { entries, revision } = await range(context, firstPlace(name, atRevision), call);
  return { entry: entries[0], revision: atRevision === undefined ? revision : BigInt(atRevision) };
}

/**
 * Who leads now, then whoever leads, and what they proclaim, without a gap. Nothing of it waits in memory: the next change is
 * read from history when the one before has been taken. Where it is compacted by then, whoever leads now comes next.
 */
export async function* leadersOf(
  context: ServiceContext,
  changes: ChangeWaits,
  name: Uint8Array,
  call: Call,
): AsyncGenerator<Leader> {
  let leader = await leaderOf(context, name, call);
  for (;;) {
    yield leader;
    const told = leader.entry?.modRevision;
    while (told === leader.entry?.modRevision) leader = await leaderAfter(context, changes, name, leader, call);
  }
}

/** After the next change, which may be none of who leads. */
async function leaderAfter(
  context: ServiceContext,
  changes: ChangeWaits,
  name: Uint8Array,
  { entry, revision }: Leader,
  call: Call,
): Promise<Leader> {
  const awaited = entry === undefined ? anyPlace(name) : changesOf(entry.key);
  const at = await changes.changed(awaited, Number(revision), call.signal);
  if (at === undefined) return leaderOf(context, name, call);
  try {
    return await leaderOf(context, name, call, at);
  } catch (error) {
    if (!(error instanceof KvFailure) || error.failure.code !== ErrorCode.COMPACTED) throw error;
    return leaderOf(context, name, call);
  }
}

function firstPlace(name: Uint8Array, atRevision: number | undefined): RangeRequest {
  const local = atRevision === undefined ? {} : { atRevision: BigInt(atRevision), minRevision: BigInt(atRevision) };
  return create(RangeRequestSchema, {
    ...placesOf(name),
    limit: 1,
    order: { target: SortTarget.CREATE_REVISION },
    ...local,
  });
}

/** Nobody is there: whoever comes is the first. */
function anyPlace(name: Uint8Array): Awaited {
  const { from, to } = placesOf(name);
  return {
    from: keyId(from),
    to: to === undefined ? undefined : keyId(to),
    withoutPuts: false,
    withoutDeletes: true,
  };
}

function changesOf(key: Uint8Array): Awaited {
  const from = keyId(key);
  return { from, to: `${from}\0`, withoutPuts: false, withoutDeletes: false };
}
