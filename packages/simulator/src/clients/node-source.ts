import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { Consistency, ErrorCode, ErrorDetailSchema, type KeyValue, KvService } from "@raftkv/proto/kv";
import type { NodeId } from "@raftkv/raft-core";
import { leaseCalled } from "../history/models/leased-operation.ts";
import type { WholeEntry } from "../history/models/store-operation.ts";
import type { StateAnswer, StateCall } from "../history/replay/state-read.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { RemoteNode } from "./remote-node.ts";
import type { StateNeeds, StateSource } from "./state-reads.ts";
import { bytesOf, textOf } from "./utf8.ts";

const consistencies: Readonly<Record<StateNeeds["consistency"], Consistency>> = {
  linearizable: Consistency.LINEARIZABLE,
  lease: Consistency.LEASE,
  serializable: Consistency.SERIALIZABLE,
};

/** Asks any of the nodes by calls of their own, as from a shell: answers name the revision that they are from. */
export class NodeSource implements StateSource {
  readonly #nodes: readonly RemoteNode[];
  readonly #chance: Chance;
  #leader: NodeId | undefined;

  constructor(nodes: readonly RemoteNode[], chance: Chance) {
    this.#nodes = nodes;
    this.#chance = chance;
  }

  async ask(call: StateCall, needs: StateNeeds): Promise<StateAnswer | undefined> {
    const writes = call.kind === "compact";
    const leader = writes ? this.#nodes.find(({ id }) => id === this.#leader) : undefined;
    const node = leader ?? this.#chance.pick(this.#nodes.filter(({ exists }) => exists));
    const reply = await node?.call(!writes, (transport) => this.#call(transport, call, needs));
    if (reply?.kind !== "answer") return undefined;
    if (typeof reply.value === "string") throw new Error(`${JSON.stringify(call)}: ${reply.value}`);
    return reply.value;
  }

  /** A text where the node fails as it never should. */
  async #call(transport: Transport, call: StateCall, needs: StateNeeds): Promise<StateAnswer | string | undefined> {
    try {
      return await asked(transport, call, needs);
    } catch (error) {
      const { rawMessage } = ConnectError.from(error);
      const [detail] = ConnectError.from(error).findDetails(ErrorDetailSchema);
      this.#leader = detail?.leader === undefined ? undefined : Number(detail.leader.nodeId);
      if (detail?.code === ErrorCode.COMPACTED) return { kind: "compacted" };
      if (detail?.code === ErrorCode.FUTURE_REVISION) return { kind: "futureRevision" };
      const isFailure = detail === undefined || unexpected.includes(detail.code);
      return isFailure ? `failed: ${rawMessage}` : undefined;
    }
  }
}

const unexpected: readonly ErrorCode[] = [ErrorCode.INTERNAL, ErrorCode.INVALID_REQUEST, ErrorCode.NO_HISTORY];

async function asked(transport: Transport, call: StateCall, needs: StateNeeds): Promise<StateAnswer> {
  const kv = createClient(KvService, transport);
  if (call.kind === "compact") {
    await kv.compact({ revision: BigInt(call.revision) });
    return { kind: "done" };
  }
  const { consistency, minRevision, maxStalenessMs } = needs;
  const shared = {
    consistency: consistencies[consistency],
    minRevision: BigInt(minRevision),
    ...(maxStalenessMs !== undefined && { maxStalenessMs: BigInt(maxStalenessMs) }),
    atRevision: BigInt(call.atRevision ?? 0),
  };
  if (call.kind === "get") {
    const { entry, revision } = await kv.get({ ...shared, keyForm: { case: "key", value: bytesOf(call.key) } });
    const entries = entry === undefined ? [] : [entryOf(entry)];
    return { kind: "entries", entries, revision: Number(revision), hasMore: false };
  }
  if (call.kind === "history") {
    const keyForm = { case: "key", value: bytesOf(call.key) } as const;
    const { writes, revision, next } = await kv.history({ ...shared, keyForm, limit: call.limit ?? 0 });
    const told = writes.map((write) => ({
      revision: Number(write.revision),
      entry: write.entry === undefined ? undefined : entryOf(write.entry),
    }));
    return { kind: "writes", writes: told, revision: Number(revision), hasMore: next > 0n };
  }
  const { from, to, limit, keysOnly } = call;
  const bounds = { from: bytesOf(from), to: bytesOf(to ?? ""), limit: limit ?? 0, keysOnly };
  const { entries, revision, next } = await kv.range({ ...shared, ...bounds });
  return { kind: "entries", entries: entries.map(entryOf), revision: Number(revision), hasMore: next.length > 0 };
}

function entryOf(wire: KeyValue): WholeEntry {
  return {
    key: textOf(wire.key),
    value: textOf(wire.value),
    version: Number(wire.version),
    modRevision: Number(wire.modRevision),
    createRevision: Number(wire.createRevision),
    leaseId: leaseCalled(Number(wire.leaseId)),
  };
}
