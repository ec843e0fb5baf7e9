import { type RaftKv, RaftKvError, type RaftKvErrorCode } from "@raftkv/kv-client";
import type { WholeEntry } from "../history/models/store-operation.ts";
import type { StateAnswer, StateCall } from "../history/replay/state-read.ts";
import type { KeyVersion } from "../history/replay/store-replay.ts";
import { entryOf } from "./entry-of.ts";
import type { StateNeeds, StateSource } from "./state-reads.ts";

/** What a client never tells of a call that makes sense. */
const unexpected: readonly RaftKvErrorCode[] = ["INTERNAL", "INVALID_ARGUMENT", "REFUSED"];

/** Asks through a real client: ranges and histories a page at a time, each perhaps of another node. */
export class ClientSource implements StateSource {
  readonly #kv: () => RaftKv;
  readonly #pageSize: () => number;
  readonly #useUp: () => Promise<void>;

  /** `useUp`: what it takes to use up one entry of a range, before there is a need for the next. */
  constructor(kv: () => RaftKv, pageSize: () => number, useUp: () => Promise<void>) {
    this.#kv = kv;
    this.#pageSize = pageSize;
    this.#useUp = useUp;
  }

  async ask(call: StateCall, needs: StateNeeds): Promise<StateAnswer | undefined> {
    try {
      return await this.#asked(call, needs);
    } catch (error) {
      if (!(error instanceof RaftKvError) || unexpected.includes(error.code)) throw error;
      // A node that is behind may not have come to where history begins.
      if (error.code === "NO_HISTORY" && needs.consistency !== "serializable") throw error;
      if (error.code === "COMPACTED") return { kind: "compacted" };
      return error.code === "FUTURE_REVISION" ? { kind: "futureRevision" } : undefined;
    }
  }

  async #asked(call: StateCall, needs: StateNeeds): Promise<StateAnswer> {
    const kv = this.#kv();
    if (call.kind === "compact") {
      await kv.compact(call.revision);
      return { kind: "done" };
    }
    const { consistency, minRevision, maxStalenessMs } = needs;
    const options = {
      consistency,
      minRevision,
      ...(maxStalenessMs !== undefined && { maxStalenessMs }),
      ...(call.atRevision !== undefined && { atRevision: call.atRevision }),
    };
    if (call.kind === "get") {
      const entry = await kv.get(call.key, options);
      const entries = entry === undefined ? [] : [entryOf(entry)];
      return { kind: "entries", entries, revision: undefined, hasMore: false };
    }
    const { limit } = call;
    const limited = { ...options, ...(limit !== undefined && { limit }) };
    if (call.kind === "history") {
      const writes: KeyVersion[] = [];
      for await (const { revision, entry } of kv.history(call.key, limited)) {
        writes.push({ revision, entry: entry === undefined ? undefined : entryOf(entry) });
      }
      return { kind: "writes", writes, revision: undefined, hasMore: writes.length === limit };
    }
    const { from, to = "", keysOnly } = call;
    // Whoever has not come to where history begins has no picture to go on with: one page has to do.
    const pageSize = consistency === "serializable" ? {} : { pageSize: this.#pageSize() };
    const entries: WholeEntry[] = [];
    for await (const entry of kv.range({ ...limited, ...pageSize, from, to, keysOnly })) {
      entries.push(entryOf(entry));
      await this.#useUp();
    }
    return { kind: "entries", entries, revision: undefined, hasMore: entries.length === limit };
  }
}
