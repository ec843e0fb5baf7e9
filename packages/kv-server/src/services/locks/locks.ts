import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  ComparisonRelation,
  ErrorCode,
  type LockRequest,
  type LockResponse,
  LockResponseSchema,
  RangeRequestSchema,
  SortTarget,
  TransactionRequestSchema,
  type UnlockRequest,
  type UnlockResponse,
  UnlockResponseSchema,
} from "@raftkv/proto/kv";
import { keyId } from "../../state/key-id.ts";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { type Given, givenKey, invalid, prefixEnd, textBytes, textOf } from "../text-form.ts";
import { range } from "../unary-reads.ts";
import { del, transaction } from "../unary-writes.ts";
import { DeletionWaits } from "./deletion-waits.ts";

type Call = Pick<HandlerContext, "signal" | "timeoutMs">;

/** A place in the queue of a lock: a key, by the revision at which it was created. */
interface Place {
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  readonly token: bigint;
  /** What is written goes to the leader from here. */
  readonly forward: boolean;
}

/**
 * `LockService` of one node. Writing goes the way of all writes; the wait needs nothing but the node's own state: places are
 * only ever added behind one's own, so that one that was seen to be the first stays it.
 */
export class Locks {
  readonly #context: ServiceContext;
  readonly #deletions: DeletionWaits;
  /** Calls under way, by the key of their place. */
  readonly #calls = new Map<string, number>();
  #waiting = 0;

  constructor(context: ServiceContext) {
    this.#context = context;
    this.#deletions = new DeletionWaits(context.watchHub);
  }

  async lock(request: LockRequest, call: Call): Promise<LockResponse> {
    const { bytes: name, asText } = givenName(request.nameForm);
    const { leaseId, forward } = request;
    if (name.length === 0) throw new KvFailure(invalid("the lock has no name: set name or name_text"));
    if (leaseId === 0n) {
      throw new KvFailure(invalid("lease_id is 0: grant a lease, keep it alive, and lock with it"));
    }
    const key = joined(name, `/${leaseId.toString(16)}`);
    const { token, revision } = await this.#counted(keyId(key), async () => {
      const token = await takePlace(this.#context, { key, leaseId, forward }, call);
      const place = { name, key, token, forward };
      return { token, revision: await this.#untilFirst(place, call) };
    });
    return create(LockResponseSchema, { key, ...(asText ? { keyText: textOf(key) ?? "" } : {}), token, revision });
  }

  async unlock(request: UnlockRequest, call: Call): Promise<UnlockResponse> {
    const { keyForm, forward } = request;
    if (givenKey(keyForm).bytes.length === 0) {
      throw new KvFailure(invalid("there is no key: set key or key_text to that of the lock's answer"));
    }
    const deletion = { $typeName: "raftkv.kv.v1.DeleteRequest", keyForm, forward, withPrevious: false } as const;
    const { revision, deleted } = await del(this.#context, deletion, call);
    return create(UnlockResponseSchema, { revision, unlocked: deleted });
  }

  close(): void {
    this.#deletions.close();
  }

  async #counted<T>(id: string, locking: () => Promise<T>): Promise<T> {
    const { maxLockWaits } = this.#context.limits;
    if (this.#waiting >= maxLockWaits) throw new KvFailure(tooMany(this.#waiting));
    this.#waiting++;
    this.#calls.set(id, (this.#calls.get(id) ?? 0) + 1);
    try {
      return await locking();
    } finally {
      this.#waiting--;
      const others = (this.#calls.get(id) ?? 1) - 1;
      if (others === 0) this.#calls.delete(id);
      else this.#calls.set(id, others);
    }
  }

  /** At which revision it was seen to be the first. */
  async #untilFirst(place: Place, call: Call): Promise<bigint> {
    for (;;) {
      const { entries, revision } = await this.#lastTwo(place, call);
      const own = entries.find(({ key }) => Buffer.compare(key, place.key) === 0);
      if (own?.createRevision !== place.token) throw new KvFailure(PLACE_LOST);
      const before = entries.find((entry) => entry !== own);
      if (before === undefined) return revision;
      try {
        await this.#deletions.deleted(before.key, Number(revision), call.signal);
      } catch (error) {
        if (call.signal.aborted) this.#giveUp(place);
        throw error;
      }
    }
  }

  /** One's own place, and the one just before it. */
  #lastTwo({ name, token }: Place, call: Call) {
    const from = joined(name, "/");
    const request = create(RangeRequestSchema, {
      from,
      ...prefixEndOf(from),
      limit: 2,
      keysOnly: true,
      order: { target: SortTarget.CREATE_REVISION, descending: true },
      filter: { maxCreateRevision: token },
    });
    return range(this.#context, request, call);
  }

  /**
   * Whoever waited does not any more. Another call with the same lease, that came later, keeps the place. Nobody is left to
   * hear of a failure: the place goes with its lease then.
   */
  #giveUp({ key, token, forward }: Place): void {
    if ((this.#calls.get(keyId(key)) ?? 0) > 1) return;
    const request = create(TransactionRequestSchema, {
      transaction: {
        comparisons: [createdAt(key, token)],
        // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
        then: [{ step: { case: "delete", value: { key } } }],
      },
      forward,
    });
    transaction(this.#context, request, { signal: NEVER, timeoutMs: () => GIVE_UP_MS }).catch(() => undefined);
  }
}

const NEVER = new AbortController().signal;
/** What giving up a place may take where it has to go to another node. */
const GIVE_UP_MS = 5_000;

/** No `Buffer`, whose slices are not copies. */
function joined(name: Uint8Array, end: string): Uint8Array {
  return new Uint8Array(Buffer.concat([name, Buffer.from(end)]));
}

function prefixEndOf(prefix: Uint8Array): { readonly to?: Uint8Array } {
  const to = prefixEnd(prefix);
  return to === undefined ? {} : { to };
}

function createdAt(key: Uint8Array, revision: bigint) {
  return { key, relation: ComparisonRelation.EQUAL, target: { case: "createRevision", value: revision } } as const;
}

/** Takes the last place, unless it has one already. Resolves with the revision at which its key was created. */
async function takePlace(
  context: ServiceContext,
  { key, leaseId, forward }: { readonly key: Uint8Array; readonly leaseId: bigint; readonly forward: boolean },
  call: Call,
): Promise<bigint> {
  const request = create(TransactionRequestSchema, {
    transaction: {
      comparisons: [createdAt(key, 0n)],
      // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
      then: [{ step: { case: "put", value: { key, leaseId } } }],
      otherwise: [{ step: { case: "get", value: { key } } }],
    },
    forward,
  });
  const { result } = await transaction(context, request, call);
  const [step] = result?.results ?? [];
  if (step?.result.case === "put") return step.result.value.revision;
  const token = step?.result.case === "get" ? step.result.value.entry?.createRevision : undefined;
  if (token === undefined) throw new Error("taking a place in the queue of a lock gave no answer");
  return token;
}

function givenName(form: LockRequest["nameForm"]): Given {
  if (form.case === "nameText") return { bytes: textBytes("name_text", form.value), asText: true };
  return { bytes: form.case === "name" ? form.value : new Uint8Array(0), asText: false };
}

const PLACE_LOST = {
  code: ErrorCode.LEASE_NOT_FOUND,
  message: "the place in the queue of the lock was lost: its lease has ended, or its key was deleted",
} as const;

function tooMany(waiting: number) {
  return {
    code: ErrorCode.RESOURCE_EXHAUSTED,
    message: `${waiting} calls wait for locks on this node already: back off, then try again, or ask another node`,
  };
}
