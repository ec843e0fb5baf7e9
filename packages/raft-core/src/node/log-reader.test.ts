import { describe, expect, it } from "vitest";
import type { Entry } from "../algorithm/entry.ts";
import type { Input, LogRead } from "../algorithm/input.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import { BackgroundWork } from "./background-work.ts";
import { LogReader } from "./log-reader.ts";

const payload = new Uint8Array(76);

/** A log of entries of 100 bytes, whose reads the test lets through. */
class SlowLog {
  readonly asked: number[] = [];
  readonly answers: { readonly peer: number; readonly indexes: readonly number[] }[] = [];
  readonly reader: LogReader;
  #release: (() => void)[] = [];

  constructor() {
    const storage: Pick<RaftStorage, "entries"> = {
      entries: (from, to, maxBytes) => {
        this.asked.push(from);
        const count = Math.min(to - from + 1, Math.floor(maxBytes / 100));
        const entries = Array.from({ length: count }, (_, offset): Entry => {
          return { kind: "command", index: from + offset, term: 1, payload };
        });
        return new Promise((resolve) => this.#release.push(() => resolve(entries)));
      },
    };
    const work = new BackgroundWork((error) => {
      throw error;
    });
    this.reader = new LogReader(storage, work, (input) => this.#answered(input));
  }

  read(peer: number, from: number, more: Partial<LogRead> = {}): void {
    this.reader.read({ peer, term: 1, from, to: 1_000_000, maxBytes: 400, ...more });
  }

  async letThrough(): Promise<void> {
    for (const release of this.#release.splice(0)) release();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #answered(input: Input): void {
    if (input.kind !== "entriesRead") throw new Error(`unexpected ${input.kind}`);
    this.answers.push({ peer: input.request.peer, indexes: input.entries.map(({ index }) => index) });
  }
}

describe("reading the log for followers", () => {
  it("reads once for two that ask for the same at the same time", async () => {
    const log = new SlowLog();
    log.read(2, 5);
    log.read(3, 5);
    await log.letThrough();
    expect(log.asked).toEqual([5]);
    expect(log.answers).toEqual([
      { peer: 2, indexes: [5, 6, 7, 8] },
      { peer: 3, indexes: [5, 6, 7, 8] },
    ]);
  });

  it("has at hand for the next one what was read lately, from any entry on and within its bounds", async () => {
    const log = new SlowLog();
    log.read(2, 5);
    await log.letThrough();
    log.read(3, 6);
    log.read(4, 7, { maxBytes: 100 });
    log.read(5, 5, { to: 6 });
    expect(log.answers.slice(1)).toEqual([
      { peer: 3, indexes: [6, 7, 8] },
      { peer: 4, indexes: [7] },
      { peer: 5, indexes: [5, 6] },
    ]);
    expect(log.asked).toEqual([5]);
    log.read(3, 9);
    expect(log.asked).toEqual([5, 9]);
  });

  it("keeps a bounded number of bytes: the oldest go", async () => {
    const log = new SlowLog();
    const maxBytes = 3 * 1024 * 1024;
    for (const from of [1, 100_001, 200_001]) {
      log.read(2, from, { maxBytes });
      await log.letThrough();
    }
    log.read(3, 200_001, { maxBytes });
    log.read(3, 100_001, { maxBytes });
    expect(log.asked).toHaveLength(3);
    log.read(3, 1, { maxBytes });
    expect(log.asked).toHaveLength(4);
  });

  it("keeps nothing over a change of term: the log may be another one", async () => {
    const log = new SlowLog();
    log.read(2, 5);
    log.read(2, 50, { term: 2 });
    await log.letThrough();
    log.read(3, 5, { term: 2 });
    expect(log.asked).toEqual([5, 50, 5]);
  });
});
