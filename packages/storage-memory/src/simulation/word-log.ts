import type { Entry, Index, SnapshotSource, StateMachine, StateSnapshot } from "@raftkv/raft-core";

/** What a crash leaves of the state. */
export interface SavedWords {
  index: Index;
  words: readonly string[];
}

interface WordLogOptions {
  /** Outlives the state machine; replaced as a whole, as one durable write does. */
  readonly saved: SavedWords;
  /** Takes as long as disk or processor take for one step. Never resolves once the process is gone. */
  readonly work: () => Promise<void>;
  /** Whether what has been applied becomes durable just now. */
  readonly merges: () => boolean;
  readonly isDead: () => boolean;
  readonly applied: (entry: Entry) => void;
}

/** Remembers each command. The result of one is its place among them, counted from 1. */
export class WordLog implements StateMachine<number> {
  readonly #options: WordLogOptions;
  #index: Index;
  #words: string[];
  #isBusy = false;

  constructor(options: WordLogOptions) {
    this.#options = options;
    this.#index = options.saved.index;
    this.#words = [...options.saved.words];
  }

  get words(): readonly string[] {
    return this.#words;
  }

  appliedIndex(): Index {
    return this.#index;
  }

  durableIndex(): Index {
    return this.#options.saved.index;
  }

  async apply(entries: readonly Entry[]): Promise<readonly number[]> {
    return this.#alone(async () => {
      await this.#options.work();
      const results = entries.map((entry) => {
        if (entry.index !== this.#index + 1) throw new Error(`entry ${entry.index} was applied after ${this.#index}`);
        this.#index = entry.index;
        if (entry.kind === "command") this.#words.push(wordOf(entry.payload));
        this.#options.applied(entry);
        return this.#words.length;
      });
      if (this.#options.merges()) this.#save();
      return results;
    });
  }

  async flush(): Promise<Index> {
    await this.#options.work();
    this.#save();
    return this.durableIndex();
  }

  async snapshot(): Promise<StateSnapshot> {
    const index = this.#index;
    const bytes = new TextEncoder().encode(this.#words.join("\n"));
    await this.#options.work();
    return {
      index,
      read: async function* () {
        for (let start = 0; start < bytes.byteLength; start += 400) yield bytes.subarray(start, start + 400);
      },
      close: async () => {},
    };
  }

  async restore(source: SnapshotSource): Promise<void> {
    await this.#alone(async () => {
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of source.read()) text += decoder.decode(chunk, { stream: true });
      await this.#options.work();
      this.#index = source.metadata.index;
      this.#words = text === "" ? [] : text.split("\n");
      this.#save();
      await this.#options.work();
    });
  }

  async close(): Promise<void> {}

  #save(): void {
    if (this.#options.isDead()) return;
    if (this.#index < this.#options.saved.index) throw new Error("the state on disk went back");
    this.#options.saved.index = this.#index;
    this.#options.saved.words = [...this.#words];
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isBusy) throw new Error("entries are applied, or a snapshot restored, while another call is at work");
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }
}

/** A payload is a word, and padding after it. */
export function payloadOf(word: string, paddingBytes: number): Uint8Array {
  return new TextEncoder().encode(`${word} ${"x".repeat(paddingBytes)}`);
}

function wordOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload).split(" ")[0] ?? "";
}
