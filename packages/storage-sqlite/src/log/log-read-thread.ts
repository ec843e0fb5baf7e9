import type { Index } from "@raftkv/raft-core";
import type { FailStop } from "../fail-stop.ts";
import { expectAnswer, WorkerClient } from "../thread/worker-client.ts";
import type { Block } from "./block.ts";
import type { LogReadAnswer, LogReadRequest } from "./protocol.ts";

/** Reads of the log, on a thread and a connection of their own. It starts with the first read: many nodes need none. */
export class LogReadThread {
  readonly #raftDb: string;
  readonly #failStop: FailStop;
  #thread: WorkerClient<LogReadRequest, LogReadAnswer> | undefined;

  constructor(raftDb: string, failStop: FailStop) {
    this.#raftDb = raftDb;
    this.#failStop = failStop;
  }

  async read(from: Index, to: Index, maxBytes: number): Promise<readonly Block[]> {
    this.#thread ??= new WorkerClient("./log-read-worker", import.meta.url, "raftkv log reads", this.#failStop);
    const answer = await this.#thread.call({ kind: "read", raftDb: this.#raftDb, from, to, maxBytes });
    return expectAnswer(answer, "read").blocks;
  }

  /** Resolves once every read has been answered, and the thread has ended. */
  async close(): Promise<void> {
    if (this.#failStop.error === undefined) await this.#thread?.finish({ kind: "close" });
    else await this.#thread?.terminate();
  }
}
