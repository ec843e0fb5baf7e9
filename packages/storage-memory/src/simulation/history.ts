import { type Entry, RaftError, type RaftErrorCode } from "@raftkv/raft-core";

/** A read sees how many words there are; a write becomes the word at a place. Times order what clients saw. */
interface Seen {
  readonly what: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A write's own place, or how many words a read saw. */
  readonly place: number;
  readonly isWrite: boolean;
}

/** The codes that promise that the command never takes effect. */
const certain: ReadonlySet<RaftErrorCode> = new Set([
  "notLeader",
  "overloaded",
  "tooLarge",
  "transferring",
  "superseded",
  "closed",
]);

/** What clients were told, and what nodes have applied. The code under test must not be its own judge. */
export class History {
  readonly #seen: Seen[] = [];
  readonly #refused = new Map<string, RaftErrorCode>();
  readonly #applied = new Map<number, string>();
  readonly #pending = new Map<string, () => boolean>();
  #time = 0;

  /** The commands that were acknowledged. */
  get writes(): number {
    return this.#seen.filter((seen) => seen.isWrite).length;
  }

  get reads(): number {
    return this.#seen.length - this.writes;
  }

  /** State Machine Safety: at the same index all apply the same entry (Raft, Figure 3). */
  applied(by: number, entry: Entry): void {
    const text = `${entry.kind} of term ${entry.term}`;
    const known = this.#applied.get(entry.index);
    this.#applied.set(entry.index, text);
    if (known === undefined || known === text) return;
    throw new Error(`node ${by} applied a ${text} at ${entry.index}, where another applied a ${known}`);
  }

  /** `isGone`: the process that was asked has crashed, and its answer reaches nobody. */
  write(word: string, isGone: () => boolean, ask: () => Promise<number>): void {
    const startedAt = this.#begin(word, isGone);
    ask().then(
      (place) => {
        if (this.#end(word, isGone))
          this.#seen.push({ what: word, startedAt, endedAt: ++this.#time, place, isWrite: true });
      },
      (error: unknown) => {
        const code = error instanceof RaftError ? error.code : "failed";
        if (this.#end(word, isGone) && certain.has(code)) this.#refused.set(word, code);
      },
    );
  }

  /** `look` is called as soon as the read may be served, and says how many words there are. */
  read(name: string, isGone: () => boolean, ask: () => Promise<number>, look: () => number): void {
    const startedAt = this.#begin(name, isGone);
    ask().then(
      () => {
        if (this.#end(name, isGone))
          this.#seen.push({ what: name, startedAt, endedAt: ++this.#time, place: look(), isWrite: false });
      },
      () => this.#end(name, isGone),
    );
  }

  /** Calls to processes that are alive and that have no answer yet. */
  unanswered(): readonly string[] {
    return [...this.#pending].filter(([, isGone]) => !isGone()).map(([name]) => name);
  }

  /** Every answer that was given fits one order of all operations, that of `words`, which is where all have arrived. */
  check(words: readonly string[]): void {
    if (new Set(words).size !== words.length) throw new Error("a command has taken effect twice");
    for (const word of words) {
      const code = this.#refused.get(word);
      if (code !== undefined) throw new Error(`${word} was refused with ${code}, and took effect`);
    }
    for (const { what, place, isWrite } of this.#seen) {
      if (isWrite && words[place - 1] !== what)
        throw new Error(`${what} was acknowledged at ${place} and is not there`);
    }
    this.#checkOrder();
  }

  /** Whoever starts after another has ended sees at least what that one saw; two writes have two places anyway. */
  #checkOrder(): void {
    const ended = [...this.#seen].sort((a, b) => a.endedAt - b.endedAt);
    let furthest: Seen | undefined;
    let next = 0;
    for (const seen of [...this.#seen].sort((a, b) => a.startedAt - b.startedAt)) {
      for (let before = ended[next]; before !== undefined && before.endedAt < seen.startedAt; before = ended[++next]) {
        if (furthest === undefined || before.place > furthest.place) furthest = before;
      }
      const least = (furthest?.place ?? 0) + (seen.isWrite ? 1 : 0);
      if (seen.place < least)
        throw new Error(`${seen.what} at ${seen.place} began after ${furthest?.what} at ${furthest?.place} had ended`);
    }
  }

  #begin(name: string, isGone: () => boolean): number {
    this.#pending.set(name, isGone);
    return ++this.#time;
  }

  /** Answers whether anybody hears it. */
  #end(name: string, isGone: () => boolean): boolean {
    this.#pending.delete(name);
    return !isGone();
  }
}
