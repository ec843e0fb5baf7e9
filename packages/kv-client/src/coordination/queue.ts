import { toBytes } from "../bytes.ts";
import type { Calls } from "../calls.ts";
import { invalidArgument, RaftKvError } from "../error.ts";
import type { KeyValue } from "../key-value.ts";
import type { Lease } from "../leases/lease.ts";
import { planRange } from "../range.ts";
import { readNeeds } from "../read-needs.ts";
import { type Page, pageRequest } from "../read-operation.ts";
import type { Fence } from "../write-options.ts";
import { putRequest } from "../write-request.ts";
import { deletedOneOf } from "./deleted.ts";
import { Wait, type WaitOptions } from "./wait.ts";

export interface QueueOptions extends WaitOptions {
  /**
   * After this time (100 ms to 30 days) without a word from this client the place goes to the next. Default 10,000: in the
   * background the cluster hears of the client three times as often.
   */
  readonly ttlMs?: number;
}

/** What is waited for. */
interface Queue {
  /** For messages: "lock". */
  readonly what: string;
  readonly name: string;
  /** Of the key that stands for the place. Empty unless told. */
  readonly value?: Uint8Array;
  /** So many at the head of the queue have their turn together; 1 unless told. */
  readonly permits?: number;
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
 * Takes a place at the end of a queue, and waits until it is the first, or one of the first `permits`. The order is that in
 * which the cluster heard of them. Each waits for the one just before it, or for any of the `permits` just before it (when
 * those are fewer it has its turn, and until one of them goes they are not), so that what one leaves behind wakes no more.
 */
export async function waitInLine(
  calls: Calls,
  queue: Queue,
  { ttlMs = DEFAULT_TTL_MS, ...waiting }: QueueOptions,
): Promise<Turn> {
  const { what, name, value = NOTHING } = queue;
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
    await untilFirst(calls, queue, turn, wait);
    return turn;
  } catch (error) {
    // Not awaited: whoever gives up does not wait for a cluster that may be away. Its lease ends by itself then.
    void lease?.[Symbol.asyncDispose]();
    throw wait.signal.aborted ? wait.signal.reason : error;
  }
}

async function untilFirst(calls: Calls, queue: Queue, { key, fence }: Turn, wait: Wait): Promise<void> {
  const { name, permits = 1 } = queue;
  for (;;) {
    wait.signal.throwIfAborted();
    const { entries, revision } = await lastPlaces(calls, name, fence.token, permits + 1, wait);
    const own = entries.find((entry) => isAt(entry, key));
    if (own?.createRevision !== fence.token) {
      throw new RaftKvError("LEASE_LOST", `${key}: the place in the queue was lost: its key has gone`);
    }
    const before = entries.filter((entry) => entry !== own);
    if (before.length < permits) return;
    const keys = before.map(({ keyBytes }) => keyBytes);
    await deletedOneOf(calls, keys, revision, wait.signal);
  }
}

/** One's own place, and those just before it. */
function lastPlaces(calls: Calls, name: string, token: number, limit: number, wait: Wait): Promise<Page> {
  const { pageSize: _, ...bounds } = planRange({
    prefix: `${name}/`,
    maxCreateRevision: token,
    sortBy: "createRevision",
    descending: true,
    keysOnly: true,
    limit,
  });
  return calls.read(pageRequest(bounds, readNeeds({})), wait.call);
}

function isAt({ keyBytes }: KeyValue, key: string): boolean {
  return Buffer.compare(keyBytes, Buffer.from(key)) === 0;
}
