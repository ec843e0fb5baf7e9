import { create } from "@bufbuild/protobuf";
import { ErrorCode, RangeRequestSchema, SortTarget } from "@raftkv/proto/kv";
import { keyId } from "../../state/key-id.ts";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { range } from "../unary-reads.ts";
import type { ChangeWaits } from "./change-waits.ts";
import {
  type Call,
  type Candidate,
  giveUpPlace,
  type Place,
  placeKey,
  placesOf,
  type TakenPlace,
  takePlace,
} from "./place.ts";

/** The head of a queue. */
export interface Turn extends Place {
  /** The store's revision at which it was seen to be the first. */
  readonly revision: bigint;
}

/**
 * Waiting for one's turn, with locks and elections. Writing goes the way of all writes; the wait needs nothing but the node's
 * own state: places are only ever added behind one's own, so that one that was seen to be the first stays it.
 */
export class Queues {
  readonly #context: ServiceContext;
  readonly #changes: ChangeWaits;
  /** Calls for a turn, by the key of their place: how many, and when the last of them came for it. */
  readonly #calls = new Map<string, Calls>();
  #waiting = 0;

  constructor(context: ServiceContext, changes: ChangeWaits) {
    this.#context = context;
    this.#changes = changes;
  }

  /** Calls that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place, or goes on with the one that the lease has; resolves once it is the first. */
  async turn(candidate: Candidate, call: Call): Promise<Turn> {
    const id = keyId(placeKey(candidate));
    using _waiting = this.enter();
    using calls = this.#count(id);
    const place = await takePlace(this.#context, candidate, call);
    calls.took(place);
    return { ...place, revision: await this.#untilFirst(candidate.name, place, call) };
  }

  /** A call waits here until that is disposed of. Throws a `KvFailure` where there are too many. */
  enter(): Disposable {
    if (this.#waiting >= this.#context.limits.maxLockWaits) throw new KvFailure(tooMany(this.#waiting));
    this.#waiting++;
    return { [Symbol.dispose]: () => void this.#waiting-- };
  }

  #count(id: string): Disposable & { took(place: TakenPlace): void } {
    const calls = this.#calls.get(id) ?? { count: 0, takenAt: 0n };
    this.#calls.set(id, calls);
    calls.count++;
    const leave = (): void => {
      calls.count--;
      if (calls.count === 0) this.#calls.delete(id);
    };
    return {
      took: ({ takenAt }) => {
        if (takenAt > calls.takenAt) calls.takenAt = takenAt;
      },
      [Symbol.dispose]: leave,
    };
  }

  async #untilFirst(name: Uint8Array, place: TakenPlace, call: Call): Promise<bigint> {
    for (;;) {
      const { entries, revision } = await this.#lastTwo(name, place, call);
      const own = entries.find(({ key }) => Buffer.compare(key, place.key) === 0);
      if (own?.createRevision !== place.token) throw new KvFailure(PLACE_LOST);
      const before = entries.find((entry) => entry !== own);
      if (before === undefined) return revision;
      const from = keyId(before.key);
      const deletion = { from, to: `${from}\0`, withoutPuts: true, withoutDeletes: false };
      try {
        await this.#changes.changed(deletion, Number(revision), call.signal);
      } catch (error) {
        if (call.signal.aborted) this.#giveUp(place, { ...place, key: before.key, token: before.createRevision });
        throw error;
      }
    }
  }

  /** One's own place, and the one just before it. */
  #lastTwo(name: Uint8Array, { token }: Place, call: Call) {
    const request = create(RangeRequestSchema, {
      ...placesOf(name),
      limit: 2,
      keysOnly: true,
      order: { target: SortTarget.CREATE_REVISION, descending: true },
      filter: { maxCreateRevision: token },
    });
    return range(this.#context, request, call);
  }

  /**
   * Whoever waited does not any more. Another call with the same lease, that waits here or came later anywhere, keeps the place.
   * Nobody is left to hear of a failure: the place goes with its lease then.
   */
  #giveUp(place: TakenPlace, before: Place): void {
    const calls = this.#calls.get(keyId(place.key));
    if (calls === undefined || calls.count > 1) return;
    const left = { ...place, takenAt: calls.takenAt };
    // A signal of its own: whoever listens to one is kept for as long as it is there.
    const { signal } = new AbortController();
    giveUpPlace(this.#context, left, before, { signal, timeoutMs: () => GIVE_UP_MS }).catch(() => undefined);
  }
}

/** Those that are under way on this node. */
interface Calls {
  count: number;
  takenAt: bigint;
}

/** What giving up a place may take where it has to go to another node. */
const GIVE_UP_MS = 5_000;

const PLACE_LOST = {
  code: ErrorCode.LEASE_NOT_FOUND,
  message: "the place in the queue was lost: its lease has ended, or its key was deleted",
} as const;

function tooMany(waiting: number) {
  return {
    code: ErrorCode.RESOURCE_EXHAUSTED,
    message: `${waiting} calls wait for locks or elections on this node already: back off, then try again, or ask another node`,
  };
}
