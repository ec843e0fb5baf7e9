import { create } from "@bufbuild/protobuf";
import {
  type LockRequest,
  type LockResponse,
  LockResponseSchema,
  type UnlockRequest,
  type UnlockResponse,
  UnlockResponseSchema,
} from "@raftkv/proto/kv";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { givenKey, invalid, textOf } from "../text-form.ts";
import { del } from "../unary-writes.ts";
import { type Call, givenName } from "./place.ts";
import type { Queues } from "./queues.ts";

/** `LockService` of one node. */
export class Locks {
  readonly #context: ServiceContext;
  readonly #queues: Queues;

  constructor(context: ServiceContext, queues: Queues) {
    this.#context = context;
    this.#queues = queues;
  }

  async lock({ nameForm, leaseId, forward }: LockRequest, call: Call): Promise<LockResponse> {
    const { bytes: name, asText } = givenName("lock", nameForm);
    const { key, token, revision } = await this.#queues.turn({ name, leaseId, value: undefined, forward }, call);
    return create(LockResponseSchema, { key, ...(asText ? { keyText: textOf(key) ?? "" } : {}), token, revision });
  }

  async unlock({ keyForm, forward }: UnlockRequest, call: Call): Promise<UnlockResponse> {
    if (givenKey(keyForm).bytes.length === 0) {
      throw new KvFailure(invalid("there is no key: set key or key_text to that of the lock's answer"));
    }
    const deletion = { $typeName: "raftkv.kv.v1.DeleteRequest", keyForm, forward, withPrevious: false } as const;
    const { revision, deleted } = await del(this.#context, deletion, call);
    return create(UnlockResponseSchema, { revision, unlocked: deleted });
  }
}
