import type { HistoryRecorder, Outcome } from "../history/history-recorder.ts";
import type { KeyCall } from "../history/models/key-value-model.ts";
import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Trace } from "../trace/trace.ts";
import type { Client, Write } from "./client.ts";

/** Of each key at most so many operations: so that its history is decided quickly. */
const operationsPerKey = 120;

/** Operations by the batch, each on record by itself. All who draw here share the same few keys at a time. */
export class Batches {
  readonly #recorder: HistoryRecorder;
  readonly #size: number;
  readonly #keys: number;
  readonly #trace: Trace;
  #operations = 0;
  #values = 0;

  constructor(recorder: HistoryRecorder, { operationsPerBatch }: WorkloadPlan, trace: Trace) {
    this.#recorder = recorder;
    this.#size = operationsPerBatch;
    // Each batch comes by the same key a few times, and so do all the others that are under way.
    this.#keys = Math.max(1, Math.ceil(operationsPerBatch / 3));
    this.#trace = trace;
  }

  /** A batch of writes, or of reads. */
  async perform(client: Client, name: string, chance: Chance): Promise<void> {
    const size = chance.integer(1, this.#size);
    const keys = Array.from({ length: size }, () => this.#key(chance));
    const isRead = chance.happens(0.4);
    this.#trace.add(`${name}: ${size} ${isRead ? "reads" : "writes"} as one`);
    if (isRead) {
      await this.#record(
        keys.map((key) => ({ key, call: { kind: "get" } })),
        client.readMany(keys),
        name,
      );
      return;
    }
    const writes = keys.map((key) => ({ key, call: this.#write(chance) }));
    await this.#record(writes, client.writeMany(writes), name);
  }

  async #record(
    operations: readonly { readonly key: string; readonly call: KeyCall }[],
    outcomes: Promise<readonly Outcome[]>,
    client: string,
  ): Promise<void> {
    const outcomeAt = async (position: number): Promise<Outcome> => (await outcomes)[position] ?? { kind: "unknown" };
    await Promise.all(
      operations.map(({ key, call }, position) => this.#recorder.record(key, call, () => outcomeAt(position), client)),
    );
    this.#trace.add(`${client}: ${(await outcomes)[0]?.kind}`);
  }

  #key(chance: Chance): string {
    const generation = Math.floor(this.#operations++ / (this.#keys * operationsPerKey));
    return `batch/${generation}/${chance.integer(1, this.#keys)}`;
  }

  #write(chance: Chance): Write {
    return chance.happens(0.15) ? { kind: "delete" } : { kind: "put", value: `w${++this.#values}` };
  }
}
