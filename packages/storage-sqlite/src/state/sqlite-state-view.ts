import type { StateRow, StateView } from "@raftkv/kv-server";
import { type Index, StorageError } from "@raftkv/raft-core";
import { expectAnswer, type WorkerClient } from "../thread/worker-client.ts";
import type { StateAnswer, StateRequest } from "./protocol.ts";
import { crcBytes, packedRows } from "./row-batch.ts";

/** A view that the state's thread holds open; it hands over one batch at a time, when it is asked for. */
export class SqliteStateView implements StateView {
  readonly appliedIndex: Index;
  readonly #thread: WorkerClient<StateRequest, StateAnswer>;
  readonly #view: number;
  #closed = false;

  constructor(thread: WorkerClient<StateRequest, StateAnswer>, view: number, appliedIndex: Index) {
    this.#thread = thread;
    this.#view = view;
    this.appliedIndex = appliedIndex;
  }

  async *rows(from?: Uint8Array): AsyncIterable<readonly StateRow[]> {
    let after = from;
    for (;;) {
      if (this.#closed) throw new StorageError("closed", "the view is closed");
      const answer = await this.#thread.call({ kind: "viewRows", view: this.#view, after });
      const rows = [...packedRows(expectAnswer(answer, "rows").rows)].map(({ key, stored }) => ({
        key,
        value: stored.subarray(crcBytes),
      }));
      if (rows.length === 0) return;
      after = rows.at(-1)?.key.slice();
      yield rows;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The thread closes its views itself when it ends.
    if (!this.#thread.ending) await this.#thread.call({ kind: "closeView", view: this.#view });
  }
}
