import { deepStrictEqual } from "node:assert/strict";
import { systemClock } from "@raftkv/raft-core";
import { integerBetween, seededRandom, type TestApi } from "@raftkv/raft-core/testing";
import type { StateStore } from "../../ports/state-store.ts";
import { KvStateMachine } from "../../state/kv-state-machine.ts";
import type { Read } from "../../state/read.ts";
import { bytes, CommandLog, compact, del, openSession, put, raiseApplyVersion } from "../../test-rig/command-log.ts";
import { expireLeases, randomLeaseOperation } from "../../test-rig/lease-operations.ts";
import { plain } from "../../test-rig/plain.ts";
import { randomLaterOperation } from "../../test-rig/random-transaction.ts";
import { StateModel } from "../../test-rig/state-model.ts";

export interface StateModelPlace {
  /** The same store at each call, once it was closed. */
  open(): Promise<StateStore>;
  remove(): Promise<void>;
}

export interface StateModelSuiteOptions {
  readonly create: () => Promise<StateModelPlace>;
  readonly seed: number;
  /** Random ones, carried out on the engine and on the model. */
  readonly operations: number;
}

type Random = ReturnType<typeof seededRandom>;

/** The merges of a long run are many: each brings rows together with those of the ones before. */
const MERGE = { intervalMs: 20, mergeBytes: 256 * 1024, maxBytes: 1024 * 1024, settledBytes: 16 * 1024 };
const LIMITS = { pageBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };

/**
 * The key-value state over an engine does what a plain model does: every answer to a long run of random operations, and at its
 * end everything that can be read; and after a restart the same.
 */
export function stateModelConformance({ describe, it }: TestApi, options: StateModelSuiteOptions): void {
  const { seed, operations } = options;
  describe("the key-value state over the engine, and a plain model", () => {
    it(`are the same after ${operations} random operations, and after a restart (seed ${seed})`, async () => {
      const place = await options.create();
      try {
        await new ModelRun(options, place).run();
      } finally {
        await place.remove();
      }
    });
  });
}

class ModelRun {
  readonly #random: Random;
  readonly #operations: number;
  readonly #place: StateModelPlace;
  readonly #model = new StateModel();
  readonly #log = new CommandLog();
  #done = 0;
  #session = 0;

  constructor({ seed, operations }: StateModelSuiteOptions, place: StateModelPlace) {
    this.#random = seededRandom(seed);
    this.#operations = operations;
    this.#place = place;
  }

  async run(): Promise<void> {
    const machine = await this.#open();
    let before: unknown;
    try {
      while (this.#done < this.#operations) await this.#applyBatch(machine);
      await this.#compareAll(machine);
      before = (await machine.fingerprint()).sha256;
    } finally {
      await machine.close();
    }
    const restarted = await this.#open();
    try {
      await this.#compareAll(restarted);
      deepStrictEqual((await restarted.fingerprint()).sha256, before);
      // It goes on from there.
      await this.#applyBatch(restarted);
      await this.#compareAll(restarted);
    } finally {
      await restarted.close();
    }
  }

  async #open(): Promise<KvStateMachine> {
    return KvStateMachine.open({ store: await this.#place.open(), clock: systemClock, merge: MERGE });
  }

  /** Some entries, as a node applies them together. */
  async #applyBatch(machine: KvStateMachine): Promise<void> {
    const expected: unknown[] = [];
    for (let entries = integerBetween(this.#random, 1, 8); entries > 0; entries--) expected.push(this.#append());
    const results = await machine.apply(this.#log.after(machine));
    deepStrictEqual(results.map(plain), expected, `the answers after ${this.#done} operations`);
  }

  #append(): unknown {
    const model = this.#model;
    this.#log.timeMs += integerBetween(this.#random, 0, 5);
    if (model.applyVersion < 3) return model.apply(this.#log.append({ operations: [raiseApplyVersion(3)] }));
    if (this.#session === 0) {
      this.#session = this.#log.entries.length + 1;
      return model.apply(this.#log.append({ operations: [openSession(24 * 60 * 60 * 1_000)] }));
    }
    if (this.#random.next() < 0.02) return model.apply(this.#log.append({ operations: [expireLeases] }));
    const operations = Array.from({ length: integerBetween(this.#random, 1, 12) }, () => this.#operation());
    this.#done += operations.length;
    if (this.#random.next() < 0.5) return model.apply(this.#log.append({ operations }));
    const last = model.lastSequence(this.#session);
    const acknowledged = Math.max(0, last - 20);
    return model.apply(this.#log.append({ session: this.#session, first: last + 1, acknowledged, operations }));
  }

  #operation() {
    const choice = this.#random.next();
    const key = this.#key();
    const { revision } = this.#model;
    if (choice < 0.45) return put(key, `${key}${integerBetween(this.#random, 0, 999)}`);
    if (choice < 0.55) return del(key);
    if (choice < 0.552) return compact(Math.max(0, revision - integerBetween(this.#random, -1, 500)));
    const lease = () => this.#model.leases.some(this.#random.next());
    if (choice < 0.57) return randomLeaseOperation(key, lease(), this.#random);
    return randomLaterOperation(this.#random, { key: () => this.#key(), revision, lease });
  }

  #key(): string {
    const letters = Array.from({ length: integerBetween(this.#random, 0, 3) }, () =>
      integerBetween(this.#random, 0, 3),
    );
    return letters.map((letter) => ["a", "b", "\0", "\xff"][letter]).join("");
  }

  /** Everything that there is, as it is and as it was, and each key's history. */
  async #compareAll(machine: KvStateMachine): Promise<void> {
    const model = this.#model;
    const all = { kind: "range", from: bytes(""), to: undefined, limit: 1_000_000, keysOnly: false } as const;
    await this.#compare(machine, all, { kind: "range", ...model.range("", undefined, 1_000_000, false) });
    const span = model.revision - model.earliest;
    for (const at of [0, 0.25, 0.5, 0.75].map((part) => model.earliest + Math.floor(part * span))) {
      const expected = { kind: "range", ...model.range("", undefined, 1_000_000, false, at) };
      await this.#compare(machine, { ...all, atRevision: at }, at === model.revision ? undefined : expected);
    }
    for (const key of model.keysEver()) {
      const expected = { kind: "history", ...model.history(key, 1_000_000) };
      await this.#compare(machine, { kind: "history", key: bytes(key), limit: 1_000_000 }, expected);
    }
  }

  async #compare(machine: KvStateMachine, read: Read, expected: unknown): Promise<void> {
    if (expected === undefined) return;
    const { revision, answers } = await machine.read([read], LIMITS);
    deepStrictEqual(revision, this.#model.revision);
    deepStrictEqual(answers.map(plain), [expected], JSON.stringify(plain(read)));
  }
}
