import type { Entry, Index } from "../../algorithm/entry.ts";
import type { SnapshotSource } from "../../ports/snapshot.ts";
import type { StateMachine, StateSnapshot } from "../../ports/state-machine.ts";

/** So small that a snapshot has several chunks. */
const CHUNK_BYTES = 100;

interface State {
  readonly index: Index;
  readonly commands: readonly string[];
}

/** Remembers the commands in the order in which they were applied; the result of one is its place in that order. */
export class TestStateMachine implements StateMachine<number> {
  #state: State = { index: 0, commands: [] };
  #durable: State = this.#state;
  #gate: Promise<void> | undefined;
  #openGate: () => void = () => {};
  /** What applying throws. */
  failure: Error | undefined;
  restores = 0;

  get commands(): readonly string[] {
    return this.#state.commands;
  }

  /** Applying waits from here on, until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#openGate();
  }

  /** Loses what is not durable, as a crash does. */
  crash(): void {
    this.#state = this.#durable;
  }

  appliedIndex(): Index {
    return this.#state.index;
  }

  durableIndex(): Index {
    return this.#durable.index;
  }

  async apply(entries: readonly Entry[]): Promise<readonly number[]> {
    await this.#gate;
    if (this.failure !== undefined) throw this.failure;
    const commands = [...this.#state.commands];
    const results = entries.map((entry) => {
      if (entry.kind === "command") commands.push(new TextDecoder().decode(entry.payload));
      return commands.length;
    });
    this.#state = { index: this.#state.index + entries.length, commands };
    return results;
  }

  async flush(): Promise<Index> {
    this.#durable = this.#state;
    return this.#durable.index;
  }

  async snapshot(): Promise<StateSnapshot> {
    const { index, commands } = this.#state;
    return {
      index,
      read: async function* () {
        const bytes = new TextEncoder().encode(JSON.stringify(commands));
        for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES)
          yield bytes.slice(start, start + CHUNK_BYTES);
      },
      close: async () => {},
    };
  }

  async restore(source: SnapshotSource): Promise<void> {
    let text = "";
    for await (const chunk of source.read()) text += new TextDecoder().decode(chunk);
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) throw new Error("not a snapshot of this state machine");
    this.#state = { index: source.metadata.index, commands: parsed.map(String) };
    this.#durable = this.#state;
    this.restores += 1;
  }

  async close(): Promise<void> {}
}
