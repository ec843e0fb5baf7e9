import type { TestApi } from "@raftkv/raft-core/testing";
import type { StateStore } from "../../ports/state-store.ts";

/** What the suite has to be told about the store under test. */
export interface StateStoreSuiteOptions {
  /** Whether the data survives a restart. The tests that close and open again are left out where it does not. */
  readonly durable: boolean;
  /** A fresh place for one store; each test has its own. */
  create(): Promise<StateStorePlace>;
  /** A fresh place whose disk can be broken. Left out: the tests of failing disks are left out too. */
  createBreakable?(): Promise<BreakableStatePlace>;
}

export interface StateStorePlace {
  /** Opens the store as a node's start does: after a close, on what the last one left behind. */
  open(): Promise<StateStore>;
  /** Removes the data. Called when every store opened here has been closed, or has failed. */
  remove(): Promise<void>;
}

export interface BreakableStatePlace extends StateStorePlace {
  /** From now on the disk refuses every write and sync. */
  breakDisk(): void;
}

/** What each file of the suite works with. */
export interface StoreTests extends TestApi {
  readonly durable: boolean;
  /** A test with a freshly opened store, closed afterwards whatever happens. */
  withStore(name: string, run: (store: StateStore) => Promise<void>): void;
  /** A test that may also close the store and open it again; that only where the store is durable. */
  withRestart(name: string, run: (session: RestartSession) => Promise<void>): void;
}

export interface RestartSession {
  store(): StateStore;
  restart(): Promise<StateStore>;
}

export function storeTests(test: TestApi, options: StateStoreSuiteOptions): StoreTests {
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
    withStore: (name, run) => withRestart(name, (session) => run(session.store())),
  };
}

async function runSession(place: StateStorePlace, run: (session: RestartSession) => Promise<void>): Promise<void> {
  let store = await place.open();
  try {
    await run({
      store: () => store,
      async restart() {
        await store.close();
        store = await place.open();
        return store;
      },
    });
  } finally {
    await store.close();
  }
}
