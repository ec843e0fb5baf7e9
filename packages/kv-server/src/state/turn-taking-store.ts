import type { Clock, Index } from "@raftkv/raft-core";
import type { ScanRange, StateBatch, StateRow, StateStore, StateView } from "../ports/state-store.ts";

/** Rows that are read in one go, where so many bytes count as one more. */
const TURN_ROWS = 1_000;
const ROW_BYTES = 4_096;

/**
 * A store whose answers may be there at once, as those of an embedded database are: whoever reads much of it, piece by piece,
 * would never let the event loop have its turn. So after so many rows, of all who read, the next piece waits for that.
 */
export class TurnTakingStore implements StateStore {
  readonly #store: StateStore;
  readonly #clock: Clock;
  #rows = 0;
  #turn: Promise<void> | undefined;

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** In pieces, where they are many: each is of one moment, and all are where nothing is written meanwhile. */
  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (keys.length <= TURN_ROWS) return this.#getPiece(keys);
    const values: (Uint8Array | undefined)[] = [];
    for (let at = 0; at < keys.length; at += TURN_ROWS) {
      for (const value of await this.#getPiece(keys.slice(at, at + TURN_ROWS))) values.push(value);
    }
    return values;
  }

  async scan(range: ScanRange): Promise<readonly StateRow[]> {
    if (this.#rows >= TURN_ROWS) await this.#room();
    const rows = await this.#store.scan(range);
    this.#read(rows.map(({ value }) => value));
    return rows;
  }

  appliedIndex(): Index {
    return this.#store.appliedIndex();
  }

  write(batch: StateBatch): Promise<void> {
    return this.#store.write(batch);
  }

  view(): Promise<StateView> {
    return this.#store.view();
  }

  replace(appliedIndex: Index, rows: AsyncIterable<readonly StateRow[]>): Promise<void> {
    return this.#store.replace(appliedIndex, rows);
  }

  sizeBytes(): number {
    return this.#store.sizeBytes();
  }

  usedBytes(): number {
    return this.#store.usedBytes();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #getPiece(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (this.#rows >= TURN_ROWS) await this.#room();
    const values = await this.#store.getMany(keys);
    this.#read(values);
    return values;
  }

  #read(values: readonly (Uint8Array | undefined)[]): void {
    const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    this.#rows += values.length + Math.floor(bytes / ROW_BYTES);
  }

  /** Those who waited for the same turn share what may be read in it. */
  async #room(): Promise<void> {
    while (this.#rows >= TURN_ROWS) {
      this.#turn ??= new Promise((resolve) => {
        this.#clock.setTimer(0, () => {
          this.#rows = 0;
          this.#turn = undefined;
          resolve();
        });
      });
      await this.#turn;
    }
  }
}
