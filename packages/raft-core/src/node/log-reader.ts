import type { Input, LogRead } from "../algorithm/input.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { BackgroundWork } from "./background-work.ts";

/** Reads the entries that a follower needs and memory no longer holds. The algorithm asks once a follower at a time. */
export class LogReader {
  readonly #storage: RaftStorage;
  readonly #work: BackgroundWork;
  readonly #feed: (input: Input) => void;

  constructor(storage: RaftStorage, work: BackgroundWork, feed: (input: Input) => void) {
    this.#storage = storage;
    this.#work = work;
    this.#feed = feed;
  }

  read(request: LogRead): void {
    this.#work.run(async () => {
      const entries = await this.#storage.entries(request.from, request.to, request.maxBytes);
      this.#feed({ kind: "entriesRead", request, entries });
    });
  }
}
