import assert from "node:assert/strict";
import type { WriteBatch } from "../../algorithm/effects.ts";
import type { Entry, Index, SnapshotMetadata, Term } from "../../algorithm/entry.ts";
import type { Random } from "../../algorithm/random.ts";
import { assertSameEntries } from "../expectations.ts";
import { command, jointMembership, membershipEntry, membershipOf, noop, patternBytes } from "../sample-log.ts";
import { integerBetween, seededRandom } from "../seeded-random.ts";
import { LogModel } from "./log-model.ts";
import type { RestartSession, StorageTests } from "./suite.ts";

const seeds = [1, 2, 3, 4, 5, 6];
const stepsPerSeed = 60;

/** Random, but legal, sequences of everything that changes a log, against the plainest model of it. */
export function modelTests(tests: StorageTests): void {
  tests.describe("random sequences of changes do what a plain array would", () => {
    for (const seed of seeds) {
      tests.withRestart(`seed ${seed}`, async (session) => {
        const run = new ModelRun(session, seededRandom(seed), tests.durable);
        await run.start();
        for (let step = 1; step <= stepsPerSeed; step++) await run.step(`seed ${seed}, step ${step}`);
      });
    }
  });
}

class ModelRun {
  private readonly model = new LogModel(membershipOf(1, 2, 3));
  private nextBatch = 1;
  private readonly session: RestartSession;
  private readonly random: Random;
  private readonly durable: boolean;

  constructor(session: RestartSession, random: Random, durable: boolean) {
    this.session = session;
    this.random = random;
    this.durable = durable;
  }

  async start(): Promise<void> {
    await this.session.storage().form("cluster-model", this.model.base.membership);
  }

  async step(name: string): Promise<void> {
    const what = await this.change();
    await this.compare(`${name} (${what})`);
  }

  private async change(): Promise<string> {
    const choice = this.random.next();
    if (choice < 0.1 && this.durable) {
      await this.session.restart();
      return "restart";
    }
    if (choice < 0.25) return this.compact();
    return this.burst(integerBetween(this.random, 1, 4));
  }

  private async compact(): Promise<string> {
    const { base, lastIndex } = this.model;
    const index = integerBetween(this.random, base.index, lastIndex);
    const point = { index, term: this.model.termAt(index), membership: this.model.membershipAt(index) };
    this.model.compact(point);
    await this.session.storage().compact(point);
    return `compact to ${index}`;
  }

  /** Several writes, of which none waits for the one before. */
  private async burst(count: number): Promise<string> {
    const writes: Promise<void>[] = [];
    const told: string[] = [];
    for (let i = 0; i < count; i++) {
      const batch = this.batch();
      this.model.write(batch);
      writes.push(this.session.storage().write(batch));
      told.push(describeBatch(batch));
    }
    await Promise.all(writes);
    return told.join("; ");
  }

  private batch(): WriteBatch {
    const id = this.nextBatch++;
    const term = this.model.hardState.term + (this.random.next() < 0.3 ? 1 : 0);
    const vote = this.random.next() < 0.5 ? { votedFor: 2, votedForMemberId: `member-${id}` } : { votedFor: undefined };
    const hardState = { term, ...vote, commit: this.model.base.index };
    const choice = this.random.next();
    if (choice < 0.1) {
      const resetTo = this.resetPoint(term);
      return { id, hardState: { ...hardState, term: Math.max(term, resetTo.term) }, resetTo, append: [] };
    }
    const { base, lastIndex } = this.model;
    if (choice < 0.4 && lastIndex > base.index) {
      const truncateFrom = integerBetween(this.random, base.index + 1, lastIndex);
      return { id, hardState, truncateFrom, append: this.newEntries(truncateFrom, term, 0) };
    }
    const append = this.newEntries(lastIndex + 1, term, 1);
    const termIsKnown = term === this.model.hardState.term;
    return termIsKnown && this.random.next() < 0.5 ? { id, append } : { id, hardState, append };
  }

  /** Somewhere in the log with its own term (the rest stays) or another (it goes), or past its end. */
  private resetPoint(term: Term): SnapshotMetadata {
    const { base, lastIndex } = this.model;
    const index = integerBetween(this.random, base.index + 1, lastIndex + 5);
    const inside = index <= lastIndex;
    if (inside && this.random.next() < 0.6) {
      return { index, term: this.model.termAt(index), membership: this.model.membershipAt(index) };
    }
    return { index, term: term + 1, membership: jointMembership() };
  }

  private newEntries(from: Index, term: Term, atLeast: number): readonly Entry[] {
    const count = integerBetween(this.random, atLeast, 8);
    return Array.from({ length: count }, (_, offset) => this.newEntry(from + offset, term));
  }

  private newEntry(index: Index, term: Term): Entry {
    const choice = this.random.next();
    if (choice < 0.1) return noop(index, term);
    if (choice < 0.2) return membershipEntry(index, term, membershipOf(integerBetween(this.random, 1, 9)));
    const seed = integerBetween(this.random, 0, 255);
    return command(index, term, patternBytes(integerBetween(this.random, 0, 200), seed));
  }

  private async compare(what: string): Promise<void> {
    const storage = this.session.storage();
    const { base, lastIndex } = this.model;
    assert.deepEqual(await storage.load(), this.model.restoredState(), `${what}: load()`);
    const { firstIndex, lastIndex: last } = storage.usage();
    assert.deepEqual({ firstIndex, last }, { firstIndex: base.index + 1, last: lastIndex }, `${what}: usage()`);
    const from = integerBetween(this.random, Math.max(1, base.index - 1), lastIndex + 1);
    for (const [first, to] of [
      [base.index + 1, lastIndex],
      [from, integerBetween(this.random, from, lastIndex + 3)],
    ] as const) {
      const found = await storage.entries(first, to, Number.MAX_SAFE_INTEGER);
      assertSameEntries(found, this.model.entries(first, to), `${what}: entries ${first} to ${to}`);
    }
  }
}

function describeBatch(batch: WriteBatch): string {
  const parts = [`append ${batch.append.length}`];
  if (batch.truncateFrom !== undefined) parts.unshift(`truncate from ${batch.truncateFrom}`);
  if (batch.resetTo) parts.unshift(`reset to ${batch.resetTo.term}/${batch.resetTo.index}`);
  return parts.join(", ");
}
