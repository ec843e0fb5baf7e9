import { toBytes } from "../bytes.ts";
import type { Calls } from "../calls.ts";
import { invalidArgument, RaftKvError } from "../error.ts";
import type { KeyValue } from "../key-value.ts";
import type { Lease } from "../leases/lease.ts";
import { planRange } from "../range.ts";
import { readNeeds } from "../read-needs.ts";
import { type Page, pageRequest } from "../read-operation.ts";
import { watchPlan } from "../watch/watch-options.ts";
import type { Fence } from "../write-options.ts";
import { putRequest } from "../write-request.ts";
import { Wait, type WaitOptions } from "./wait.ts";

export interface QueueOptions extends WaitOptions {
  /**
   * After this time (100 ms to 30 days) without a word from this client the place goes to the next. Default 10,000: in the
   * background the cluster hears of the client three times as often.
   */
  readonly ttlMs?: number;
}

/** A place at the head of a queue. */
export interface Turn {
  readonly lease: Lease;
  /** The key that stands for the place: the name, `/`, and the lease in hexadecimal. As etcd names them. */
  readonly key: string;
  readonly fence: Fence;
}

const NOTHING = new Uint8Array(0);
const DEFAULT_TTL_MS = 10_000;

/** Throws INVALID_ARGUMENT. */
export function checkName(what: string, name: string): void {
  if (toBytes(name, `name of the ${what}`).length === 0) throw invalidArgument(`the name of the ${what} is empty`);
}

/**
 * Takes a place at the end of a queue, and waits until it is the first. The order is that in which the cluster heard of them.
 * Each waits for the one just before it, so that what one leaves behind wakes one.
 */
export async function waitInLine(
  calls: Calls,
  { what, name, value = NOTHING }: { readonly what: string; readonly name: string; readonly value?: Uint8Array },
  { ttlMs = DEFAULT_TTL_MS, ...waiting }: QueueOptions,
): Promise<Turn> {
  checkName(what, name);
  calls.check(what, {});
  using wait = new Wait(calls.clock, `${what} ${name}`, waiting);
  let lease: Lease | undefined;
  try {
    lease = await calls.leases.grant(ttlMs, wait.shortCall);
    const { lost } = lease;
    wait.endsWith(lost, () => lost.reason);
    const key = `${name}/${lease.id.toString(16)}`;
    const put = putRequest(toBytes(key, "key"), value, { lease });
    const { revision: token } = await calls.write(put, wait.shortCall);
    const turn = { lease, key, fence: { key, token } };
    await untilFirst(calls, name, turn, wait);
    return turn;
  } catch (error) {
    // Not awaited: whoever gives up does not wait for a cluster that may be away. Its lease ends by itself then.
    void lease?.[Symbol.asyncDispose]();
    throw wait.signal.aborted ? wait.signal.reason : error;
  }
}

async function untilFirst(calls: Calls, name: string, { key, fence }: Turn, wait: Wait): Promise<void> {
  for (;;) {
    wait.signal.throwIfAborted();
    const { entries, revision } = await lastTwo(calls, name, fence.token, wait);
    const own = entries.find((entry) => isAt(entry, key));
    if (own?.createRevision !== fence.token) {
      throw new RaftKvError("LEASE_LOST", `${key}: the place in the queue was lost: its key has gone`);
    }
    const before = entries.find((entry) => entry !== own);
    if (before === undefined) return;
    await deleted(calls, before.keyBytes, revision, wait);
  }
}

/** One's own place, and the one just before it. */
function lastTwo(calls: Calls, name: string, token: number, wait: Wait): Promise<Page> {
  const { pageSize: _, ...bounds } = planRange({
    prefix: `${name}/`,
    maxCreateRevision: token,
    sortBy: "createRevision",
    descending: true,
    keysOnly: true,
    limit: 2,
  });
  return calls.read(pageRequest(bounds, readNeeds({})), wait.call);
}

/** Resolves once the key, which was there at `revision`, was deleted, or perhaps was. */
async function deleted(calls: Calls, key: Uint8Array, revision: number, { signal }: Wait): Promise<void> {
  const options = { startRevision: revision + 1, events: "delete", signal } as const;
  try {
    for await (const _ of calls.watch(watchPlan(key, options), options)) return;
  } catch (error) {
    // It came too late to be told.
    if (!(error instanceof RaftKvError) || error.code !== "COMPACTED") throw error;
  }
}

function isAt({ keyBytes }: KeyValue, key: string): boolean {
  return Buffer.compare(keyBytes, Buffer.from(key)) === 0;
}
