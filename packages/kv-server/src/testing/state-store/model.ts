import assert from "node:assert/strict";
import type { Random } from "@raftkv/raft-core";
import { hex, integerBetween, patternBytes, seededRandom } from "@raftkv/raft-core/testing";
import type { StateBatch, StateRow, StateView } from "../../ports/state-store.ts";
import { allRows, assertSameRows, compareKeys, everything, inBatches, rowsOfView } from "./rows.ts";
import type { RestartSession, StoreTests } from "./suite.ts";

const seeds = [1, 2, 3, 4, 5, 6];
const stepsPerSeed = 50;

/** Random sequences of writes, replacements, views and restarts, against a plain sorted array. */
export function modelTests(tests: StoreTests): void {
  tests.describe("random sequences of changes do what a sorted array would", () => {
    for (const seed of seeds) {
      tests.withRestart(`seed ${seed}`, async (session) => {
        const run = new ModelRun(session, seededRandom(seed), tests.durable);
        try {
          for (let step = 1; step <= stepsPerSeed; step++) await run.step(`seed ${seed}, step ${step}`);
        } finally {
          await run.closeView();
        }
      });
    }
  });
}

class ModelRun {
  private rows: readonly StateRow[] = [];
  private appliedIndex = 0;
  private view: { readonly opened: StateView; readonly rows: readonly StateRow[]; readonly at: number } | undefined;
  private readonly session: RestartSession;
  private readonly random: Random;
  private readonly durable: boolean;

  constructor(session: RestartSession, random: Random, durable: boolean) {
    this.session = session;
    this.random = random;
    this.durable = durable;
  }

  async step(name: string): Promise<void> {
    const choice = this.random.next();
    if (choice < 0.08 && this.durable) {
      await this.closeView();
      await this.session.restart();
    } else if (choice < 0.14) {
      await this.replace();
    } else if (choice < 0.24) {
      await this.openView();
    } else {
      await this.writeBurst();
    }
    await this.compare(name);
  }

  async closeView(): Promise<void> {
    await this.view?.opened.close();
    this.view = undefined;
  }

  private async openView(): Promise<void> {
    await this.closeView();
    this.view = { opened: await this.session.store().view(), rows: this.rows, at: this.appliedIndex };
  }

  private async replace(): Promise<void> {
    const fresh = new Map<string, StateRow>();
    for (let i = integerBetween(this.random, 0, 200); i > 0; i--) {
      const key = this.key();
      fresh.set(hex(key), { key, value: this.value() });
    }
    this.rows = [...fresh.values()].sort(compareKeys);
    this.appliedIndex = integerBetween(this.random, 1, 1000);
    await this.session.store().replace(this.appliedIndex, inBatches(this.rows, integerBetween(this.random, 1, 50)));
  }

  /** Several writes, of which none waits for the one before. */
  private async writeBurst(): Promise<void> {
    const writes: Promise<void>[] = [];
    for (let i = integerBetween(this.random, 1, 3); i > 0; i--) {
      const batch = this.batch();
      const changed = new Set(batch.changes.map(({ key }) => hex(key)));
      const kept = this.rows.filter(({ key }) => !changed.has(hex(key)));
      const put = batch.changes.filter((change): change is StateRow => change.value !== undefined);
      this.rows = [...kept, ...put].sort(compareKeys);
      this.appliedIndex = batch.appliedIndex;
      writes.push(this.session.store().write(batch));
    }
    await Promise.all(writes);
  }

  /** Removes keys that are there, and some that are not; now and then most of what there is. */
  private batch(): StateBatch {
    const removing = this.random.next() < 0.15 ? 0.9 : 0.2;
    const changes = new Map<string, { key: Uint8Array; value: Uint8Array | undefined }>();
    for (let i = integerBetween(this.random, 0, 120); i > 0; i--) {
      const known = this.rows[integerBetween(this.random, 0, this.rows.length - 1)];
      const key = known !== undefined && this.random.next() < 0.5 ? known.key : this.key();
      changes.set(hex(key), { key, value: this.random.next() < removing ? undefined : this.value() });
    }
    const sorted = [...changes.values()].sort((a, b) => Buffer.compare(a.key, b.key));
    return { appliedIndex: this.appliedIndex + integerBetween(this.random, 0, 9), changes: sorted };
  }

  /** Short keys over few bytes: prefixes of each other, and hit again and again. */
  private key(): Uint8Array {
    const alphabet = [0x00, 0x01, 0x61, 0x62, 0x7f, 0x80, 0xfe, 0xff];
    const length = integerBetween(this.random, 0, 4);
    return Uint8Array.from({ length }, () => alphabet[integerBetween(this.random, 0, alphabet.length - 1)] ?? 0);
  }

  private value(): Uint8Array {
    const length = this.random.next() < 0.05 ? 20_000 : integerBetween(this.random, 0, 60);
    return patternBytes(length, integerBetween(this.random, 0, 255));
  }

  private async compare(what: string): Promise<void> {
    const store = this.session.store();
    assert.equal(store.appliedIndex(), this.appliedIndex, `${what}: appliedIndex()`);
    assertSameRows(await allRows(store), this.rows, `${what}: all rows`);
    await this.compareScan(`${what}: scan`);
    await this.compareGets(`${what}: getMany`);
    if (this.view === undefined) return;
    assert.equal(this.view.opened.appliedIndex, this.view.at, `${what}: applied index of the open view`);
    assertSameRows(await rowsOfView(this.view.opened), this.view.rows, `${what}: rows of the open view`);
  }

  private async compareScan(what: string): Promise<void> {
    const from = this.key();
    const to = this.random.next() < 0.2 ? undefined : this.key();
    const limit = integerBetween(this.random, 1, 40);
    const within = ({ key }: StateRow) =>
      Buffer.compare(key, from) >= 0 && (to === undefined || Buffer.compare(key, to) < 0);
    const expected = this.rows.filter(within).slice(0, limit);
    const found = await this.session.store().scan({ from, to, limit, maxBytes: everything });
    assertSameRows(found, expected, `${what} from ${hex(from)} to ${to && hex(to)}, at most ${limit}`);
  }

  private async compareGets(what: string): Promise<void> {
    const keys = Array.from({ length: 20 }, () => this.key());
    const found = await this.session.store().getMany(keys);
    const byKey = new Map(this.rows.map(({ key, value }) => [hex(key), hex(value)]));
    assert.deepEqual(
      found.map((value) => value && hex(value)),
      keys.map((key) => byKey.get(hex(key))),
      what,
    );
  }
}
