import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ElectionService, LockService } from "@raftkv/proto/kv";
import type { ServiceContext } from "../service-context.ts";
import { ChangeWaits } from "./change-waits.ts";
import { Elections } from "./elections.ts";
import { Locks } from "./locks.ts";
import { Queues } from "./queues.ts";

/** How calls are answered, and their errors told. */
export interface Answering {
  unary<Response>(call: HandlerContext, isWrite: boolean, answer: () => Promise<Response>): Promise<Response>;
  streamed<Part>(call: HandlerContext, parts: AsyncGenerator<Part>): AsyncGenerator<Part>;
}

/** `LockService` and `ElectionService`: one queue for both. */
export class LockServices {
  readonly lock: ServiceImpl<typeof LockService>;
  readonly election: ServiceImpl<typeof ElectionService>;
  readonly #changes: ChangeWaits;
  readonly #queues: Queues;

  constructor(context: ServiceContext, { unary, streamed }: Answering) {
    this.#changes = new ChangeWaits(context.watchHub);
    this.#queues = new Queues(context, this.#changes);
    const locks = new Locks(context, this.#queues);
    const elections = new Elections(context, this.#queues, this.#changes);
    this.lock = {
      lock: (request, call) => unary(call, true, () => locks.lock(request, call)),
      unlock: (request, call) => unary(call, true, () => locks.unlock(request, call)),
    };
    this.election = {
      campaign: (request, call) => unary(call, true, () => elections.campaign(request, call)),
      proclaim: (request, call) => unary(call, true, () => elections.proclaim(request, call)),
      leader: (request, call) => unary(call, false, () => elections.leader(request, call)),
      observe: (request, call) => streamed(call, elections.observe(request, call)),
      resign: (request, call) => unary(call, true, () => elections.resign(request, call)),
    };
  }

  /** Calls that wait here. */
  get waiting(): number {
    return this.#queues.waiting;
  }

  /** Ends all waits. */
  close(): void {
    this.#changes.close();
  }
}
