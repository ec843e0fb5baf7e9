import type { WriteBatch } from "../../algorithm/effects.ts";
import type { RaftStorage } from "../../ports/raft-storage.ts";
import type { TestApi } from "../test-api.ts";

/** What the suite has to be told about the storage under test. */
export interface RaftStorageSuiteOptions {
  /** Whether the data survives a restart. The tests that close and open again are left out where it does not. */
  readonly durable: boolean;
  /** A fresh place for one node's data; each test has its own. */
  create(): Promise<RaftStoragePlace>;
  /**
   * A fresh place whose disk can be broken. Left out: the tests of failing disks are left out too.
   */
  createBreakable?(): Promise<BreakableStoragePlace>;
}

export interface RaftStoragePlace {
  /** Opens the storage as a node's start does: after a close, on what the last one left behind. */
  open(): Promise<RaftStorage>;
  /** Removes the data. Called when every storage opened here has been closed, or has failed. */
  remove(): Promise<void>;
}

export interface BreakableStoragePlace extends RaftStoragePlace {
  /** From now on the disk refuses every write and sync. */
  breakDisk(): void;
}

/** What each file of the suite works with. */
export interface StorageTests extends TestApi {
  readonly durable: boolean;
  /** A test with a freshly opened storage, closed afterwards whatever happens. */
  withStorage(name: string, run: (storage: RaftStorage) => Promise<void>): void;
  /** A test that may also restart: `restart()` closes the storage and opens it again. Only for durable ones. */
  withRestart(name: string, run: (session: RestartSession) => Promise<void>): void;
}

export interface RestartSession {
  storage(): RaftStorage;
  restart(): Promise<RaftStorage>;
}

export function storageTests(test: TestApi, options: RaftStorageSuiteOptions): StorageTests {
  const withRestart = (name: string, run: (session: RestartSession) => Promise<void>) =>
    test.it(name, async () => {
      const place = await options.create();
      try {
        await runSession(place, run);
      } finally {
        await place.remove();
      }
    });
  return {
    ...test,
    durable: options.durable,
    withRestart,
    withStorage: (name, run) => withRestart(name, (session) => run(session.storage())),
  };
}

async function runSession(place: RaftStoragePlace, run: (session: RestartSession) => Promise<void>): Promise<void> {
  let storage = await place.open();
  try {
    await run({
      storage: () => storage,
      async restart() {
        await storage.close();
        storage = await place.open();
        return storage;
      },
    });
  } finally {
    await storage.close();
  }
}

/** Numbers the batches of one storage from 1, as the algorithm does. */
export class BatchWriter {
  private next = 1;
  private readonly storage: RaftStorage;

  constructor(storage: RaftStorage) {
    this.storage = storage;
  }

  write(batch: Partial<Omit<WriteBatch, "id">>): Promise<void> {
    return this.storage.write({ id: this.next++, append: [], ...batch });
  }
}
