import { createClient } from "@connectrpc/connect";
import { ElectionService, KvService, LockService } from "@raftkv/proto/kv";
import type { LeaderTold } from "./leader-records.ts";
import type { RemoteNode, Waiting } from "./remote-node.ts";
import type { ServiceCall, ServiceCalls, ServiceOutcome } from "./service-calls.ts";
import { bytesOf, textOf } from "./utf8.ts";

/** A place at the head of a queue, as the services tell of it: with its token it is a fence. */
export interface Turn {
  readonly key: string;
  readonly token: number;
}

/** What was told with a revision that is known from then on. */
export interface At {
  readonly revision: number;
}

/** `hasWritten` false: there was nothing to delete. */
interface Wrote extends At {
  readonly hasWritten: boolean;
}

interface AskedFor {
  readonly queue: string;
  readonly lease: number;
  /** By `ElectionService`, with that; undefined: by `LockService`. */
  readonly value: string | undefined;
}

/** The calls of `LockService` and `ElectionService`, and of writes under their fences, each once. */
export class LockCalls {
  readonly #calls: ServiceCalls;
  readonly #forward: boolean;

  /** `forward`: it asks any node, which passes on to the leader what has to be written. */
  constructor(calls: ServiceCalls, forward: boolean) {
    this.#calls = calls;
    this.#forward = forward;
  }

  turn({ queue, lease, value }: AskedFor, waiting: Waiting): Promise<ServiceOutcome<Turn & At>> {
    const nameForm = { case: "name", value: bytesOf(queue) } as const;
    const asked = { nameForm, leaseId: BigInt(lease), forward: this.#forward };
    const call: ServiceCall<Turn & At> = async (transport, signal) => {
      const options = signal === undefined ? {} : { signal };
      if (value === undefined) {
        const { key, token, revision } = await createClient(LockService, transport).lock(asked, options);
        return { key: textOf(key), token: Number(token), revision: Number(revision) };
      }
      const valueForm = { case: "value", value: bytesOf(value) } as const;
      const elections = createClient(ElectionService, transport);
      const { leadership, revision } = await elections.campaign({ ...asked, valueForm }, options);
      if (leadership === undefined) throw new Error("the answer to a campaign has no leadership");
      return { key: textOf(leadership.key), token: Number(leadership.token), revision: Number(revision) };
    };
    return this.#calls.write(call, { anywhere: this.#forward, waiting });
  }

  unlock({ key }: Turn): Promise<ServiceOutcome<At>> {
    const forward = this.#forward;
    return this.#write(async (transport) => {
      const keyForm = { case: "key", value: bytesOf(key) } as const;
      return at(await createClient(LockService, transport).unlock({ keyForm, forward }));
    });
  }

  resign(turn: Turn): Promise<ServiceOutcome<At>> {
    const [leadership, forward] = [leadershipOf(turn), this.#forward];
    return this.#write(async (transport) =>
      at(await createClient(ElectionService, transport).resign({ leadership, forward })),
    );
  }

  proclaim(turn: Turn, value: string): Promise<ServiceOutcome<At>> {
    const [leadership, forward] = [leadershipOf(turn), this.#forward];
    const valueForm = { case: "value", value: bytesOf(value) } as const;
    return this.#write(async (transport) =>
      at(await createClient(ElectionService, transport).proclaim({ leadership, valueForm, forward })),
    );
  }

  put(turn: Turn, key: string, value: string): Promise<ServiceOutcome<Wrote>> {
    const keyForm = { case: "key", value: bytesOf(key) } as const;
    const valueForm = { case: "value", value: bytesOf(value) } as const;
    return this.#write(async (transport) => {
      const put = { keyForm, valueForm, fence: fenceOf(turn), forward: this.#forward };
      return { ...at(await createClient(KvService, transport).put(put)), hasWritten: true };
    });
  }

  delete(turn: Turn, key: string): Promise<ServiceOutcome<Wrote>> {
    const keyForm = { case: "key", value: bytesOf(key) } as const;
    return this.#write(async (transport) => {
      const deletion = { keyForm, fence: fenceOf(turn), forward: this.#forward };
      const { revision, deleted } = await createClient(KvService, transport).delete(deletion);
      return { revision: Number(revision), hasWritten: deleted };
    });
  }

  leader(queue: string): Promise<ServiceOutcome<Omit<LeaderTold, "toldAt">>> {
    const nameForm = { case: "name", value: bytesOf(queue) } as const;
    return this.#calls.read(async (transport) =>
      leaderIn(await createClient(ElectionService, transport).leader({ nameForm })),
    );
  }

  /** Resolves once it is over. */
  async observe(
    node: RemoteNode,
    queue: string,
    patienceMs: number,
    told: (leader: Omit<LeaderTold, "toldAt">) => void,
  ): Promise<void> {
    const nameForm = { case: "name", value: bytesOf(queue) } as const;
    await node.stream(
      patienceMs,
      (transport, signal) => createClient(ElectionService, transport).observe({ nameForm }, { signal }),
      (response) => told(leaderIn(response)),
    );
  }

  #write<T>(call: ServiceCall<T>): Promise<ServiceOutcome<T>> {
    return this.#calls.write(call, { anywhere: this.#forward });
  }
}

function leadershipOf({ key, token }: Turn) {
  return { key: bytesOf(key), token: BigInt(token) };
}

const fenceOf = leadershipOf;

function at({ revision }: { readonly revision: bigint }): At {
  return { revision: Number(revision) };
}

interface LeaderMessage {
  readonly entry?:
    | { readonly key: Uint8Array; readonly value: Uint8Array; readonly createRevision: bigint }
    | undefined;
  readonly revision: bigint;
}

function leaderIn({ entry, revision }: LeaderMessage): Omit<LeaderTold, "toldAt"> {
  const told = entry && {
    key: textOf(entry.key),
    value: textOf(entry.value),
    token: Number(entry.createRevision),
  };
  return { entry: told, revision: Number(revision) };
}
