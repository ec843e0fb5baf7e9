import type { Entry } from "../algorithm/entry.ts";
import { entrySize } from "../algorithm/entry-cache.ts";
import type { Input, LogRead } from "../algorithm/input.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { BackgroundWork } from "./background-work.ts";

/** Consecutive entries that were read lately. */
interface Chunk {
  readonly first: number;
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/** Chunks are kept up to so many bytes: enough for followers that are a few appends apart. */
const keptBytes = 8 * 1024 * 1024;

/**
 * Reads the entries that followers need and memory no longer holds. The algorithm asks once a follower at a time;
 * followers that catch up side by side share what is read.
 */
export class LogReader {
  readonly #storage: Pick<RaftStorage, "entries">;
  readonly #work: BackgroundWork;
  readonly #feed: (input: Input) => void;
  /** Of this term, in which this node has only appended to its log. */
  #term = 0;
  #kept: Chunk[] = [];
  readonly #underWay = new Map<string, Promise<readonly Entry[]>>();

  constructor(storage: Pick<RaftStorage, "entries">, work: BackgroundWork, feed: (input: Input) => void) {
    this.#storage = storage;
    this.#work = work;
    this.#feed = feed;
  }

  read(request: LogRead): void {
    if (request.term !== this.#term) this.#startTerm(request.term);
    const entries = this.#keptFrom(request);
    if (entries !== undefined) {
      this.#feed({ kind: "entriesRead", request, entries });
      return;
    }
    this.#work.run(async () => {
      this.#feed({ kind: "entriesRead", request, entries: await this.#fetch(request) });
    });
  }

  #startTerm(term: number): void {
    this.#term = term;
    this.#kept = [];
    this.#underWay.clear();
  }

  #fetch({ term, from, to, maxBytes }: LogRead): Promise<readonly Entry[]> {
    const key = `${term}/${from}/${maxBytes}`;
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return shared;
    const fetching = this.#storage.entries(from, to, maxBytes).then((entries) => {
      if (term === this.#term) this.#keep(entries);
      return entries;
    });
    const done = () => {
      if (this.#underWay.get(key) === fetching) this.#underWay.delete(key);
    };
    this.#underWay.set(key, fetching);
    void fetching.then(done, done);
    return fetching;
  }

  #keep(entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    this.#kept.push({ first: first.index, entries, bytes: entries.reduce((sum, entry) => sum + entrySize(entry), 0) });
    let bytes = this.#kept.reduce((sum, chunk) => sum + chunk.bytes, 0);
    while (bytes > keptBytes) bytes -= this.#kept.shift()?.bytes ?? 0;
  }

  /** What of the kept entries begins with the one asked for; undefined if that is not among them. */
  #keptFrom({ from, to, maxBytes }: LogRead): readonly Entry[] | undefined {
    const chunk = this.#kept.find(({ first, entries }) => first <= from && from < first + entries.length);
    if (chunk === undefined) return undefined;
    const candidates = chunk.entries.slice(from - chunk.first, to - chunk.first + 1);
    let bytes = 0;
    const end = candidates.findIndex((entry, position) => {
      bytes += entrySize(entry);
      return position > 0 && bytes > maxBytes;
    });
    return end === -1 ? candidates : candidates.slice(0, end);
  }
}
